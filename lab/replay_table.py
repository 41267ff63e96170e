"""The last words of a replay: where each line of the log is now."""

import msgspec

from lab.scoring import Seen, Telemetry
from lab.table import Row, telemetry_row


class Replayed(msgspec.Struct, frozen=True):
    """What a replay counted. `told`: lines that were shown with the reason why they are not replayed."""

    lines: int
    requests: int
    told: int
    as_logged: int
    refused: int
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
        Row(
            "answered as the log says",
            f"{replayed.as_logged} of {sent}; {replayed.refused} refused by limits",
            "",
            None,
        ),
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
