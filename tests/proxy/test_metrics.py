"""Metrics: Prometheus text of one worker and of several."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from proxy.adapter import Adapter
from proxy.metrics import exposition, families_of, merged
from tests.proxy.around import gateway_with, overlay, row

DOCS = Path(__file__).parents[2] / "docs" / "proxy.md"

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def series_of(text: bytes) -> Series:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def value(series: Series, name: str, **labels: str) -> float:
    return series[name, tuple(sorted(labels.items()))]


def test_durations_are_a_histogram_by_route_method_and_class_of_status() -> None:
    gateway = gateway_with()
    for duration_us in (1_000, 7_000, 20_000_000):
        gateway.sink.offer(row(duration_us=duration_us))
    told = series_of(exposition(families_of(gateway)))
    labels = {"worker": "worker-a", "http_route": "orders", "http_request_method": "GET"}
    labels |= {"http_response_status_class": "2xx"}
    name = "http_server_request_duration_seconds"
    assert value(told, f"{name}_bucket", le="0.005", **labels) == 1
    assert value(told, f"{name}_bucket", le="0.01", **labels) == 2
    assert value(told, f"{name}_bucket", le="10.0", **labels) == 2
    assert value(told, f"{name}_bucket", le="+Inf", **labels) == 3
    assert value(told, f"{name}_count", **labels) == 3
    assert value(told, f"{name}_sum", **labels) == 20.008


def test_outcomes_telemetry_policy_and_buckets_are_told() -> None:
    gateway = gateway_with()
    gateway.sink.offer(row(outcome="refused", status=429))
    gateway.limiter[("per-client", "ip:10.0.0.1")] = 2_000.0
    gateway.holder.overlay([overlay(), overlay(id="o2", expires_at=999.0)], 1)
    told = series_of(exposition(families_of(gateway)))
    assert value(told, "tidegate_requests_total", worker="worker-a", outcome="refused") == 1
    assert value(told, "tidegate_telemetry_events_total", worker="worker-a", fate="offered") == 1
    assert value(told, "tidegate_telemetry_waiting_events", worker="worker-a", place="buffer") == 0
    assert value(told, "tidegate_limiter_keys", worker="worker-a") == 1
    assert value(told, "tidegate_overlays", worker="worker-a") == 1
    revision = gateway.holder.snapshot.revision
    assert value(told, "tidegate_policy_info", worker="worker-a", revision=revision, tenant="default") == 1
    assert value(told, "process_resident_memory_bytes", worker="worker-a") > 0


async def test_traffic_and_upstream_connections_are_told_of_what_serves() -> None:
    gateway = gateway_with()
    adapter = Adapter(gateway)
    pool = adapter.upstreams.pool("10.0.0.5", 80, 10)
    pool.open = 3
    gateway.transport = adapter
    told = series_of(exposition(families_of(gateway)))
    labels = {"worker": "worker-a", "upstream": "10.0.0.5:80"}
    assert value(told, "tidegate_upstream_connections", state="busy", **labels) == 3
    assert value(told, "tidegate_upstream_connections", state="idle", **labels) == 0
    assert value(told, "tidegate_open_requests", worker="worker-a") == 0
    adapter.close()


async def test_every_metric_is_documented() -> None:
    gateway = gateway_with()
    gateway.transport = adapter = Adapter(gateway)
    documented = DOCS.read_text()
    text = exposition(families_of(gateway)).decode()
    names = {line.split(" ")[2] for line in text.splitlines() if line.startswith("# TYPE ")}
    assert len(names) > 10
    assert not {name for name in names if not name.startswith("process_") and f"`{name}`" not in documented}
    adapter.close()


def test_a_status_that_was_never_sent_has_a_class_of_its_own() -> None:
    gateway = gateway_with()
    gateway.sink.offer(row(status=0, outcome="client_gone_head"))
    told = exposition(families_of(gateway)).decode()
    assert 'http_response_status_class="none"' in told


def test_what_several_workers_tell_is_joined() -> None:
    first, second = gateway_with(), gateway_with()
    second.sink.worker = "worker-b"
    second.sink.offer(row())
    texts = [exposition(families_of(each)).decode() for each in (first, second)]
    joined = merged(texts)
    told = series_of(joined)
    for worker, offered in (("worker-a", 0), ("worker-b", 1)):
        assert value(told, "tidegate_telemetry_events_total", worker=worker, fate="offered") == offered
    assert joined.decode().count("# TYPE tidegate_requests_total counter") == 1
    assert told == series_of(texts[0].encode()) | series_of(texts[1].encode())
