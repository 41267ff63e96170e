"""What analytics found, how soon, and what is open."""

from dashboards.boards.choices import FINDINGS, MARKERS, REVISIONS, ROUTE, TENANT, TO_FINDING
from dashboards.queries import load
from dashboards.spec import Board, BoardUid, Panel

BOARD = Board(
    uid=BoardUid("tidegate-findings"),
    title="Tidegate: Findings and alerts",
    description="Findings over time and by detector, explained.",
    variables=(TENANT, ROUTE),
    annotations=(FINDINGS, REVISIONS, MARKERS),
    panels=(
        Panel(
            name="open",
            title="Open findings",
            description="What analytics found and has not closed, on every route.",
            sql=load("findings_open_count"),
            unit="short",
            kind="stat",
            width=6,
            is_timeless=True,
        ),
        Panel(
            name="timeline",
            title="Findings by detector",
            description="When findings began, by the detector that found them.",
            sql=load("findings_by_detector"),
            unit="short",
            kind="timeseries",
            width=18,
        ),
        Panel(
            name="table",
            title="Findings, explained",
            description="What was found, where, about whom, how sure. A row leads to its evidence.",
            sql=load("findings_table"),
            unit="none",
            kind="table",
            width=24,
            height=10,
            links=(TO_FINDING,),
        ),
        Panel(
            name="time-to-detect",
            title="Time to detect",
            description="Mean seconds from a finding's onset to when it was found, by kind.",
            sql=load("time_to_detect"),
            unit="s",
            kind="bar",
        ),
        Panel(
            name="precision",
            title="Precision by people's labels",
            description="Of the findings that people labelled, the share that were attacks.",
            sql=load("precision"),
            unit="none",
            kind="table",
        ),
    ),
)
