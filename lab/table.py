"""The demo's last words: a table of what was measured beside what was aimed at."""

import math

import msgspec
from rich.console import Console
from rich.table import Table

from console.wording import counted
from lab.scoring import (
    FINDING_TARGET_S,
    MITIGATION_TARGET_S,
    REFUSED_TARGET,
    Happened,
    Mitigation,
    Refused,
    Seen,
    Telemetry,
)

# What the rows of the ordinary demo mean; lab.scoring has it exactly.
NOTE = (
    "Onset: the first request of what went wrong. Excess: the greedy client's requests above the highest"
    " rate that any honest client had while learning. Mitigation: from then on 9 in 10 of the excess are"
    " refused, by a limit set after the onset. False alarms: findings about none of these events."
    " Telemetry: each request sent is one event, which the proxy offered to the warehouse."
)


class Row(msgspec.Struct, frozen=True):
    """A line of the table; `met` is None where nothing was aimed at."""

    what: str
    measured: str
    target: str
    met: bool | None


class Results(msgspec.Struct, frozen=True):
    """All that the demo measured."""

    happened: tuple[Happened, ...]
    found: tuple[Seen | None, ...]
    mitigation: Mitigation
    refused: Refused
    telemetry: Telemetry
    others: int
    seed: int
    took_s: float


def seconds(value: float) -> str:
    """`3.2 s`, or `never`."""
    return "never" if math.isinf(value) else f"{value:.1f} s"


def rows_of(results: Results) -> list[Row]:
    """The table's rows."""
    rows: list[Row] = []
    for happened, seen in zip(results.happened, results.found, strict=True):
        delay_s = seen.at - happened.onset if seen else math.inf
        rows.append(
            Row(
                f"{happened.act.kind}: onset to finding",
                seconds(delay_s),
                f"<= {FINDING_TARGET_S:g} s",
                delay_s <= FINDING_TARGET_S,
            )
        )
    mitigation, refused = results.mitigation, results.refused
    rows.append(
        Row(
            "greedy client: onset to mitigation",
            seconds(mitigation.after_s),
            f"<= {MITIGATION_TARGET_S:g} s",
            mitigation.after_s <= MITIGATION_TARGET_S,
        )
    )
    share = mitigation.let_through / mitigation.excess if mitigation.excess else 0.0
    through = f"{mitigation.let_through:.0f} of {mitigation.excess:.0f} requests ({share:.0%})"
    rows.append(Row("greedy client: excess not refused", through, "", None))
    rows.append(
        Row(
            "legitimate requests refused",
            f"{refused.refused_requests} of {refused.requests} ({refused.share:.2%})",
            f"<= {REFUSED_TARGET:.1%}",
            refused.share <= REFUSED_TARGET,
        )
    )
    hurt = f"{refused.refused_identities} of {refused.identities}"
    rows.append(Row("legitimate identities refused", hurt, "", None))
    rows.append(Row("false alarms", counted(results.others, "finding"), "", None))
    rows.append(telemetry_row(results.telemetry))
    return rows


def telemetry_row(telemetry: Telemetry) -> Row:
    """The account of events: it must balance, with nothing lost."""
    account = (
        f"{telemetry.sent} sent, {telemetry.offered} offered = {telemetry.stored} stored"
        f" + {telemetry.spooled} spooled + {telemetry.lost} lost"
    )
    return Row("telemetry", account, "0 lost", telemetry.balances and not telemetry.lost)


def is_met(rows: list[Row]) -> bool:
    """Whether no row misses its target."""
    return all(row.met is not False for row in rows)


def print_table(console: Console, title: str, rows: list[Row], note: str) -> None:
    """Show the rows, and below them what they mean."""
    table = Table(title=title, title_justify="left")
    for name in ("", "measured", "target", "met"):
        table.add_column(name)
    for row in rows:
        verdict = {True: "[green]yes[/]", False: "[bold red]no[/]", None: ""}[row.met]
        table.add_row(row.what, row.measured, row.target, verdict)
    console.print(table)
    console.print(note, style="dim", markup=False, highlight=False, soft_wrap=True)
