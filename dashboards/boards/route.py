"""One route: its rate against what was expected, its errors and latency, who uses it, which policy judged."""

from dashboards.boards.choices import FINDINGS, MARKERS, REVISIONS, ROUTE, TENANT
from dashboards.queries import load
from dashboards.spec import Board, BoardUid, Panel

BOARD = Board(
    uid=BoardUid("tidegate-route"),
    title="Tidegate: Route",
    description="A route's rate, errors, latency, sizes, clients and policy history.",
    variables=(TENANT, ROUTE),
    annotations=(FINDINGS, REVISIONS, MARKERS),
    panels=(
        Panel(
            name="rate-in-band",
            title="Rate and what was expected",
            description="Requests per second, and three standard deviations around the mean of the 30 usual"
            " steps before: those under a finding about clients of the route are left out."
            " This band is drawn from the range alone; the detectors' own seasonal bands are finer.",
            sql=load("route_band"),
            unit="reqps",
            kind="timeseries",
            width=24,
            height=9,
        ),
        Panel(
            name="errors",
            title="Errors",
            description="Shares of server errors, of upstream failures and of refusals.",
            sql=load("errors_over_time"),
            unit="percentunit",
            kind="timeseries",
        ),
        Panel(
            name="classes",
            title="Requests by status class",
            description="Requests per second by how they ended.",
            sql=load("rate_by_class"),
            unit="reqps",
            kind="timeseries",
        ),
        Panel(
            name="latency",
            title="Latency",
            description="Median, 95th and 99th percentile of whole requests, exact to 4.4 %.",
            sql=load("latency_quantiles"),
            unit="ms",
            kind="timeseries",
        ),
        Panel(
            name="latency-split",
            title="Where the time goes",
            description="Mean time of a request, the upstream's part of it, and the rest.",
            sql=load("gateway_against_upstream"),
            unit="ms",
            kind="timeseries",
        ),
        Panel(
            name="sizes",
            title="Sizes",
            description="Mean bytes of request and response bodies.",
            sql=load("sizes"),
            unit="bytes",
            kind="timeseries",
        ),
        Panel(
            name="revisions",
            title="Policy history",
            description="Requests per second by the policy revision that judged them.",
            sql=load("rate_by_revision"),
            unit="reqps",
            kind="timeseries",
        ),
        Panel(
            name="clients",
            title="Clients and their share",
            description="Whose requests they were, and how many of them were refused.",
            sql=load("top_clients"),
            unit="none",
            kind="table",
            width=24,
        ),
    ),
)
