"""The demo's last words: a table of what was measured beside what was aimed at."""

import math

import msgspec
from rich.console import Console
from rich.table import Table

from console.review import identities
from console.wording import counted
from kernel.replays import Bound
from lab.alerted import ALERT_TARGET_S, Alerts
from lab.promised import RETURN_TARGET, Harm, Outcome
from lab.scoring import (
    FINDING_TARGET_S,
    MITIGATION_TARGET_S,
    MOST_OTHERS,
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
    " refused, by a limit set after the onset. False alarms: findings about none of these events. Harm:"
    " legitimate identities that the approved rule refuses, of those that meet it; promised is an upper bound"
    " with 95 % confidence. Alerts: what the webhook's receiver took for each kind of trouble that was found."
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
    outcome: Outcome
    alerts: Alerts
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
    found = counted(results.others, "finding")
    rows.append(Row("false alarms", found, f"<= {MOST_OTHERS}", results.others <= MOST_OTHERS))
    rows += outcome_rows(results.outcome)
    rows.append(alerts_row(results.alerts))
    rows.append(telemetry_row(results.telemetry))
    return rows


def outcome_rows(outcome: Outcome) -> list[Row]:
    """The operator's step: what the approval stopped, what harm it promised, and what came."""
    returned, promised = outcome.returned, outcome.promised
    refused = f"{returned.refused} of {returned.requests} requests ({returned.share:.0%})"
    known = promised if promised is not None and promised.n else None
    ready = f"{seconds(outcome.ready_s)} after the onset" if outcome.decided else "never"
    realised = outcome.realised
    account = Harm(realised.bound.harmed, realised.bound.n) if realised else None
    return [
        Row("stuffing: recommended, with a replay", ready, "", None),
        Row(
            "stuffing comes back: refused",
            refused if outcome.decided else f"{refused}; nothing was approved",
            f">= {RETURN_TARGET:.0%}",
            outcome.decided is not None and returned.share >= RETURN_TARGET,
        ),
        Row("harm promised by the replay", promise_text(known), "", None),
        harm_row("harm realised: the gateway's account", account, known),
        harm_row("harm realised: what clients saw", outcome.clients if outcome.decided else None, known),
    ]


def promise_text(promised: Bound | None) -> str:
    """`0 of 214 identities, at most 1.39%`."""
    if promised is None:
        return "unknown"
    return f"{promised.harmed} of {identities(promised.n)}, at most {promised.upper:.2%}"


def harm_row(what: str, harm: Harm | None, promised: Bound | None) -> Row:
    """Realised harm beside the promised bound; without one of them the target is missed."""
    target = f"<= {promised.upper:.2%}" if promised else "within the bound"
    if harm is None:
        return Row(what, "not told", target, False)
    share = f" ({harm.harmed / harm.n:.2%})" if harm.n else ""
    text = f"{harm.harmed} of {identities(harm.n)}{share}"
    return Row(what, text, target, promised is not None and harm.is_within(promised))


def alerts_row(alerts: Alerts) -> Row:
    """What the webhook's receiver got."""
    text = (
        f"{alerts.told} of {alerts.kinds} kinds told, within {alerts.latest_s:.1f} s;"
        f" {alerts.received} signed, {alerts.refused} not; {alerts.twice} twice"
    )
    return Row("alerts received", text, f"all <= {ALERT_TARGET_S:g} s, once", alerts.is_whole)


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
