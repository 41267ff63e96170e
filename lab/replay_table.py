"""The last words of a replay: where each line of the log is now."""

import msgspec

from lab.scoring import Seen, Telemetry
from lab.table import Row, telemetry_row

NOTE = (
    "A request is refused where a limit of this gateway says so, whatever the log's server answered."
    " Own limit: set for one identity after a finding about it. General limits: the policy's, and what"
    " analytics set for everybody. Delays of findings are from the first anomalous window. Latencies are"
    " this machine's: a log has none."
)


class Replayed(msgspec.Struct, frozen=True):
    """What a replay counted. `told`: lines that were shown with the reason why they are not replayed;
    `refused`: answers that differ from the log's because a limit refused; `own`: requests that a limit
    of the identity's own refused.
    """

    lines: int
    requests: int
    told: int
    as_logged: int
    refused: int
    own: int
    telemetry: Telemetry
    findings: tuple[Seen, ...]
    scale: float


def replay_rows(replayed: Replayed) -> list[Row]:
    """The table's rows."""
    sent, telemetry = replayed.telemetry.sent, replayed.telemetry
    rows = [
        Row(
            "lines of the log",
            f"{replayed.lines} = {sent} replayed + {replayed.told} not readable, each told",
            "every line",
            replayed.lines == sent + replayed.told and sent == replayed.requests,
        ),
        telemetry_row(telemetry),
        *answer_rows(replayed),
    ]
    by_kind: dict[str, list[float]] = {}
    for seen in replayed.findings:
        by_kind.setdefault(seen.finding.kind, []).append(seen.finding.found_at - seen.finding.onset)
    for kind, delays in sorted(by_kind.items()):
        middle = sorted(delays)[len(delays) // 2]
        rows.append(
            Row(
                f"findings: {kind}",
                f"{len(delays)}; half within {middle:.0f} s of the log"
                f" ({middle / replayed.scale:.1f} s of real time)",
                "",
                None,
            )
        )
    if not by_kind:
        rows.append(Row("findings", "none", "", None))
    return rows


def answer_rows(replayed: Replayed) -> list[Row]:
    """How the requests were answered; the rows add up to all that was sent."""
    sent = replayed.telemetry.sent
    own = min(replayed.own, replayed.refused)
    rows = [
        Row("answered as the log says", f"{replayed.as_logged} of {sent}", "", None),
        Row("refused by an identity's own limit (a finding)", f"{own} of {sent}", "", None),
        Row("refused by the general limits", f"{replayed.refused - own} of {sent}", "", None),
    ]
    otherwise = sent - replayed.as_logged - replayed.refused
    if otherwise:
        rows.append(Row("answered otherwise, or not at all", f"{otherwise} of {sent}", "", None))
    return rows
