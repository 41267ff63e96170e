"""Metrics of a worker in Prometheus form, built when they are asked for; the hot path counts plain integers.

Names follow OpenTelemetry's HTTP conventions where one exists. Every series carries `worker`, so
that the supervisor of several workers only has to join what they tell.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from proxy.gateway import Gateway, Traffic
from proxy.sink import BOUNDS_S, Tally

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = len(BOUNDS_S) + 1
DURATION_LABELS = ("worker", "http_route", "http_request_method", "http_response_status_class")


class Families(Collector):
    """A collector of families that were gathered already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self.families = tuple(families)

    def collect(self) -> Iterable[Metric]:
        """The families as they are."""
        return self.families


def exposition(families: Iterable[Metric]) -> bytes:
    """Families as Prometheus text."""
    return generate_latest(Families(families))


def merged(texts: Sequence[str]) -> bytes:
    """What several workers tell, as one text: families joined, series kept apart by `worker`."""
    families: dict[str, Metric] = {}
    for text in texts:
        for family in text_string_to_metric_families(text):
            known = families.setdefault(family.name, family)
            if known is not family:
                known.samples.extend(family.samples)
    return exposition(families.values())


def families_of(gateway: Gateway) -> Iterator[Metric]:
    """Every family of one worker."""
    worker = gateway.sink.worker
    yield durations(gateway.sink.tally, worker)
    yield outcomes(gateway.sink.tally, worker)
    yield from telemetry(gateway, worker)
    yield from policy(gateway, worker)
    yield from occupancy(gateway, worker)
    yield from process(worker)


def durations(tally: Tally, worker: str) -> Metric:
    """`http.server.request.duration`, in seconds, by route, method and class of status."""
    family = HistogramMetricFamily(
        "http_server_request_duration_seconds", "Duration of HTTP server requests.", labels=DURATION_LABELS
    )
    counts: dict[tuple[str, str, str, str], list[int]] = {}
    sums_us: dict[tuple[str, str, str, str], int] = {}
    for cell, (requests, total_us) in tally.cells.items():
        status_class = f"{cell.status_class}xx" if cell.status_class else "none"
        series = (worker, cell.route, cell.method, status_class)
        counts.setdefault(series, [0] * BUCKETS)[cell.bucket] += requests
        sums_us[series] = sums_us.get(series, 0) + total_us
    bounds = [*map(str, BOUNDS_S), "+Inf"]
    for series, buckets in counts.items():
        cumulative = list(zip(bounds, accumulate(buckets), strict=True))
        family.add_metric(series, cumulative, sums_us[series] / 1e6)
    return family


def outcomes(tally: Tally, worker: str) -> Metric:
    """Final events by outcome."""
    family = CounterMetricFamily(
        "tidegate_requests", "Requests by how they ended.", labels=("worker", "outcome")
    )
    counts: dict[str, int] = {}
    for cell, (requests, _) in tally.cells.items():
        counts[cell.outcome] = counts.get(cell.outcome, 0) + requests
    for outcome, requests in sorted(counts.items()):
        family.add_metric((worker, outcome), requests)
    return family


def telemetry(gateway: Gateway, worker: str) -> Iterator[Metric]:
    """The loss ledger: offered = stored + dropped + spooled + buffered."""
    totals = gateway.sink.writer.totals()
    counted = CounterMetricFamily(
        "tidegate_telemetry_events", "Events by what became of them.", labels=("worker", "fate")
    )
    for fate in ("offered", "stored", "dropped"):
        counted.add_metric((worker, fate), getattr(totals, fate))
    waiting = GaugeMetricFamily(
        "tidegate_telemetry_waiting_events", "Events not stored yet.", labels=("worker", "place")
    )
    waiting.add_metric((worker, "spool"), totals.spooled)
    waiting.add_metric((worker, "buffer"), totals.buffered)
    yield counted
    yield waiting


def policy(gateway: Gateway, worker: str) -> Iterator[Metric]:
    """Which revision is in force, since when, and under how many overlays."""
    holder = gateway.holder
    told = InfoMetricFamily("tidegate_policy", "The policy revision in force.", labels=("worker",))
    told.add_metric((worker,), {"revision": holder.snapshot.revision, "tenant": holder.snapshot.tenant})
    yield told
    yield gauge(
        "tidegate_policy_applied_timestamp_seconds", "When it was applied.", worker, holder.applied_at
    )
    yield counter("tidegate_policy_applied", "Policies applied since start.", worker, holder.applied)
    yield counter("tidegate_policy_refused", "Policies refused since start.", worker, holder.refusals)
    now = gateway.clock()
    in_force = sum(overlay.expires_at > now for overlay in holder.overlays)
    yield gauge("tidegate_overlays", "Adaptive values in force.", worker, in_force)


def occupancy(gateway: Gateway, worker: str) -> Iterator[Metric]:
    """What is held at this moment: buckets, connections, open requests."""
    yield gauge("tidegate_limiter_keys", "Buckets of the limiter.", worker, len(gateway.limiter))
    yield counter(
        "tidegate_limiter_evicted",
        "Buckets forgotten before they were full.",
        worker,
        gateway.limiter.evicted,
    )
    if gateway.transport is not None:
        yield from traffic(gateway.transport, worker)
    yield gauge("tidegate_ready", "1 where new connections are welcome.", worker, gateway.is_ready)


def traffic(transport: Traffic, worker: str) -> Iterator[Metric]:
    """Requests and connections, on both legs."""
    yield gauge("tidegate_open_requests", "Requests begun and not ended.", worker, transport.open_requests)
    yield gauge("tidegate_open_connections", "Connections of clients.", worker, transport.open_connections)
    yield counter(
        "tidegate_connections_refused",
        "Connections closed at once: their address had too many.",
        worker,
        transport.connections_refused,
    )
    yield counter("tidegate_crashes", "Bugs of the gateway that a request met.", worker, transport.crashes)
    pools = GaugeMetricFamily(
        "tidegate_upstream_connections", "Connections to upstreams.", labels=("worker", "upstream", "state")
    )
    for (host, port), pool in transport.upstreams.pools.items():
        idle = len(pool.idle)
        pools.add_metric((worker, f"{host}:{port}", "idle"), idle)
        pools.add_metric((worker, f"{host}:{port}", "busy"), pool.open - idle)
        pools.add_metric((worker, f"{host}:{port}", "wanted"), len(pool.waiting))
    yield pools


def process(worker: str) -> Iterator[Metric]:
    """CPU, memory and descriptors of the process."""
    for family in ProcessCollector(registry=CollectorRegistry()).collect():
        family.samples = [
            sample._replace(labels={**sample.labels, "worker": worker}) for sample in family.samples
        ]
        yield family


def gauge(name: str, documentation: str, worker: str, value: float) -> Metric:
    """A gauge of one series."""
    family = GaugeMetricFamily(name, documentation, labels=("worker",))
    family.add_metric((worker,), value)
    return family


def counter(name: str, documentation: str, worker: str, value: float) -> Metric:
    """A counter of one series."""
    family = CounterMetricFamily(name, documentation, labels=("worker",))
    family.add_metric((worker,), value)
    return family
