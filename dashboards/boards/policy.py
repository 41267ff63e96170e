"""What the policy does, what analytics proposes, and what came of it."""

from dashboards.boards.choices import FINDINGS, ROUTE, TENANT
from dashboards.queries import load
from dashboards.spec import Board, BoardUid, Panel

BOARD = Board(
    uid=BoardUid("tidegate-policy"),
    title="Tidegate: Recommendations and policy",
    description="Rules, revisions, adaptive limits and their effect.",
    variables=(TENANT, ROUTE),
    annotations=(FINDINGS,),
    panels=(
        Panel(
            name="revisions",
            title="Requests by revision",
            description="Requests per second by the policy revision that judged them.",
            sql=load("rate_by_revision"),
            unit="reqps",
            kind="timeseries",
        ),
        Panel(
            name="rules",
            title="What each rule refuses",
            description="Requests and identities that a rule refused, or would have refused in shadow.",
            sql=load("refusals_by_rule"),
            unit="none",
            kind="table",
        ),
        Panel(
            name="effects",
            title="Before and after, by revision",
            description="Refusals, shadow refusals and server errors by the revision that judged.",
            sql=load("revision_effects"),
            unit="none",
            kind="table",
            width=24,
        ),
        Panel(
            name="overlays",
            title="Adaptive limits",
            description="The limits that analytics set, for whom, until when and why.",
            sql=load("overlays"),
            unit="none",
            kind="table",
            width=24,
        ),
    ),
)
