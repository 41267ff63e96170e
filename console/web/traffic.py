"""From a history of routes by the second to what the overview shows. Pure.

Statuses fall into five classes that do not overlap: refused by the policy, not routed (404 and 405 of the
gateway), server errors (5xx), client errors (other 4xx) and the rest. Histograms count requests by
floor(8 log2 us).
"""

import math
from collections.abc import Iterable, Mapping

import msgspec

from console.web.charts import Chart, Line
from warehouse.readers import History

SHOWN_S = 300
FIGURES_S = 60  # what the figures are about: what is going on now
BUCKET_S = 5  # a point of a chart
BINS_PER_OCTAVE = 8
UNMATCHED = "(no route)"


class Count(msgspec.Struct):
    """Requests by class, and their durations' histogram."""

    requests: int = 0
    refused: int = 0
    unrouted: int = 0
    client_errors: int = 0
    server_errors: int = 0
    durations: dict[int, int] = {}  # msgspec copies it

    @property
    def served(self) -> int:
        """Neither refused nor an error."""
        unserved = self.refused + self.unrouted + self.client_errors + self.server_errors
        return max(0, self.requests - unserved)


class RouteTraffic(msgspec.Struct, frozen=True):
    """One route over the time of the figures; shares between 0 and 1."""

    route: str
    requests_per_second: float
    share_refused: float
    share_unrouted: float
    share_failed: float
    p50_ms: float
    p99_ms: float


class Traffic(msgspec.Struct, frozen=True):
    """What the overview shows: charts of [since, until), figures of [figures_since, until).

    `is_begun`: nothing came before `figures_since`, which then is when the first request ended.
    """

    since: float
    until: float
    figures_since: float
    is_begun: bool
    whole: RouteTraffic
    routes: tuple[RouteTraffic, ...]
    rates: Chart
    latency: Chart


def to_traffic(history: History, unrouted: Mapping[int, int], since: float, until: float) -> Traffic:
    """Sum a history up by time and, of its last FIGURES_S, by route, the busiest route first.

    `unrouted`: second -> requests that no route took.
    """
    buckets = {start: Count() for start in range(int(since), int(until), BUCKET_S)}
    routes: dict[str, Count] = {}
    whole = Count()
    first = min(history.began, default=int(since))
    figures_since = max(until - FIGURES_S, float(first))
    for index, began in enumerate(history.began):
        start = int(since) + (began - int(since)) // BUCKET_S * BUCKET_S
        counts = [buckets.setdefault(start, Count())]
        if began >= figures_since:
            counts += [routes.setdefault(history.route[index] or UNMATCHED, Count()), whole]
        for count in counts:
            add(count, history, index, unrouted=0 if history.route[index] else unrouted.get(began, 0))
    span_s = max(until - figures_since, 1.0)
    told = sorted(routes.items(), key=lambda item: (-item[1].requests, item[0]))
    return Traffic(
        since=since,
        until=until,
        figures_since=figures_since,
        is_begun=first > until - FIGURES_S,
        whole=to_route("every route", whole, span_s),
        routes=tuple(to_route(route, count, span_s) for route, count in told),
        rates=rates_of(sorted(buckets.items())),
        latency=latency_of(sorted(buckets.items())),
    )


def add(count: Count, history: History, index: int, *, unrouted: int) -> None:
    """Add one row of the history, whose `refused` counts what no route took, too."""
    refused = history.refused[index]
    count.requests += history.requests[index]
    count.unrouted += min(unrouted, refused)
    count.refused += max(0, refused - unrouted)
    # A refusal is a 4xx, except where the policy fails closed by 503: never counted twice, never below 0.
    count.client_errors += max(0, history.errors_4xx[index] - refused)
    count.server_errors += history.errors_5xx[index]
    for bin_number, requests in history.durations[index].items():
        count.durations[bin_number] = count.durations.get(bin_number, 0) + requests


def to_route(route: str, count: Count, span_s: float) -> RouteTraffic:
    """A count as rates and shares."""
    of = max(count.requests, 1)
    return RouteTraffic(
        route=route,
        requests_per_second=count.requests / span_s,
        share_refused=count.refused / of,
        share_unrouted=count.unrouted / of,
        share_failed=count.server_errors / of,
        p50_ms=quantile_ms(count.durations, 0.50),
        p99_ms=quantile_ms(count.durations, 0.99),
    )


def quantile_ms(durations: Mapping[int, int], share: float) -> float:
    """A quantile's bin, its upper edge, in milliseconds; nan where nothing was timed.

    >>> quantile_ms({80: 99, 160: 1}, 0.5)
    1.117
    """
    total = sum(durations.values())
    reached = 0
    for bin_number in sorted(durations):
        reached += durations[bin_number]
        if reached >= share * total:
            return round(2 ** ((bin_number + 1) / BINS_PER_OCTAVE) / 1000, 3)
    return math.nan


def rates_of(buckets: Iterable[tuple[int, Count]]) -> Chart:
    """Requests per second by class."""
    known = list(buckets)

    def rate(of: str) -> tuple[float, ...]:
        return tuple(getattr(count, of) / BUCKET_S for _, count in known)

    return Chart(
        id="rates",
        title="Requests by outcome",
        unit="requests/s",
        times=tuple(float(start) for start, _ in known),
        lines=(
            Line("served", rate("served")),
            Line("client error", rate("client_errors")),
            Line("refused", rate("refused")),
            Line("server error", rate("server_errors")),
            Line("not routed", rate("unrouted")),
        ),
    )


def latency_of(buckets: Iterable[tuple[int, Count]]) -> Chart:
    """Quantiles of the whole time that a request took."""
    known = list(buckets)

    def quantile(share: float) -> tuple[float, ...]:
        return tuple(quantile_ms(count.durations, share) for _, count in known)

    return Chart(
        id="latency",
        title="Time to answer",
        unit="ms",
        times=tuple(float(start) for start, _ in known),
        lines=(
            Line("half are faster (p50)", quantile(0.5)),
            Line("99 of 100 are faster (p99)", quantile(0.99)),
        ),
    )
