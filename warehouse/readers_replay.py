"""What a replay asks of the warehouse: requests in the order in which rules met them, in bounded chunks."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from warehouse.readers import MICROSECONDS, Reader, to_table

LONGEST_S: Final = 120  # a request that took longer is left out: chunks overlap by this much
LONGEST_US: Final = LONGEST_S * MICROSECONDS


class Wording(msgspec.Struct, frozen=True):
    """The names that columns number from 1 on (0: none of them), and what facts are told apart by.

    `caps`: bytes of bodies between which a policy decides otherwise. `opaque`: rules whose verdict is
    taken as it was stored. `addressed`: whether client addresses matter. `revision`: of whose decisions a
    replay is compared with. `unrouted`: whether some rule judges what no route takes, too.
    """

    reasons: tuple[str, ...]
    rules: tuple[str, ...]
    methods: tuple[str, ...]
    caps: tuple[int, ...]
    opaque: tuple[str, ...]
    addressed: bool
    revision: str
    unrouted: bool = False


class Stretch(msgspec.Struct, frozen=True):
    """Rows that were decided in [after, before) and ended in [since, until), seconds since 1970."""

    since: float
    until: float
    after: float
    before: float


class SpanColumns(msgspec.Struct, frozen=True):
    """One row per step of time with requests in it."""

    began: Sequence[int]
    requests: Sequence[int]
    overlong: Sequence[int]
    workers: Sequence[Sequence[str]]


class RowColumns(msgspec.Struct, frozen=True):
    """One row per request, in order of `decided`; times in microseconds since 1970."""

    decided: Sequence[int]
    ended: Sequence[int]
    combination: Sequence[int]
    refused: Sequence[int]
    rule: Sequence[int]  # number in Wording.rules
    status: Sequence[int]
    method: Sequence[int]  # number in Wording.methods
    is_then: Sequence[int]  # whether Wording.revision judged it


class CombinationColumns(msgspec.Struct, frozen=True):
    """One row per combination of a chunk: what its requests have in common."""

    combination: Sequence[int]
    route: Sequence[str]
    path: Sequence[str]
    host: Sequence[str]
    identity: Sequence[str]
    address: Sequence[str]
    consumer: Sequence[str]
    plan: Sequence[str]
    credential_hash: Sequence[int]
    is_invalid: Sequence[int]  # its key was refused
    is_too_large: Sequence[int]  # its body was refused
    is_wrong_method: Sequence[int]  # a route takes its path, and not its method
    is_answered: Sequence[int]  # by a Python handler, as no route takes it
    body_bytes: Sequence[int]
    refused_by: Sequence[str]  # the opaque rule that refused
    told_then: Sequence[Sequence[str]]  # opaque rules that would have


class LabelColumns(msgspec.Struct, frozen=True):
    """One row per accusation; microseconds since 1970, 0 for an end that is open."""

    identity: Sequence[str]
    since: Sequence[int]
    until: Sequence[int]
    by_rate: Sequence[int]  # 1: of nothing but how much it asks for


class Refused(NamedTuple):
    """Requests of an identity that some rules refused, and when the first and the last of them ended."""

    requests: int
    first: float
    last: float


class Meeting(msgspec.Struct, frozen=True):
    """Some rules, and the routes and plans that they are on; empty: all.

    `unrouted`: they meet what no route takes as well.
    """

    rules: tuple[str, ...]
    routes: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()
    unrouted: bool = False


class ReplayReader(Reader):
    """Reads one tenant's requests for replays. Safe where its client is."""

    def span(self, since: float, until: float, *, step_s: int, unrouted: bool = False) -> SpanColumns:
        """How many requests ended in each `step_s` seconds."""
        bounds = {"step": step_s, "longest": LONGEST_US, "unrouted": int(unrouted)}
        columns = self._ask("replay_span", since, until, **bounds)
        return to_table(SpanColumns, columns)

    def rows(self, stretch: Stretch, wording: Wording) -> RowColumns:
        """The requests of a stretch."""
        return to_table(RowColumns, self._of("replay_rows", stretch, wording))

    def combinations(self, stretch: Stretch, wording: Wording) -> CombinationColumns:
        """What is behind `RowColumns.combination`. Ask after the rows: late ones may come in between."""
        return to_table(CombinationColumns, self._of("replay_combinations", stretch, wording))

    def accused(self, since: float, until: float, *, refuted: Sequence[str] = ()) -> LabelColumns:
        """Whom findings call abusive in that time, those apart that an operator refuted."""
        return to_table(LabelColumns, self._ask("replay_labels", since, until, refuted=list(refuted)))

    def judged_by(self, since: float, until: float) -> str:
        """The revision that judged most requests of that time; empty where none did."""
        columns = self._ask("replay_revision", since, until)
        return str(columns[0][0]) if columns else ""

    def overlays_began(self, since: float, until: float) -> dict[str, float]:
        """Overlay's id -> when a request was first decided by it (seconds since 1970)."""
        columns = self._ask("replay_overlays", since, until)
        return {str(overlay): int(began) / 1e6 for overlay, began in zip(*columns, strict=True)}

    def refused_by(self, since: float, until: float, rules: Sequence[str]) -> dict[str, Refused]:
        """By identity: what the rules refused, or would have as shadows."""
        columns = self._ask("replay_refused", since, until, rules=list(rules))
        rows = zip(*columns, strict=True)
        return {
            str(identity): Refused(int(requests), int(first) / 1e6, int(last) / 1e6)
            for identity, requests, first, last in rows
        }

    def met(self, since: float, until: float, meeting: Meeting) -> Sequence[str]:
        """The identities that could have met the rules."""
        where = {"routes": list(meeting.routes), "plans": list(meeting.plans)}
        columns = self._ask("replay_met", since, until, unrouted=int(meeting.unrouted), **where)
        identities: Sequence[str] = columns[0] if columns else ()
        return identities

    def _of(self, name: str, stretch: Stretch, wording: Wording) -> Sequence[Sequence[object]]:
        bounds = {
            "after": round(stretch.after * MICROSECONDS),
            "before": round(stretch.before * MICROSECONDS),
            "longest": LONGEST_US,
            "caps": list(wording.caps),
            "opaque": list(wording.opaque),
            "addressed": int(wording.addressed),
            "unrouted": int(wording.unrouted),
        }
        if name == "replay_rows":
            bounds |= {
                "reasons": list(wording.reasons),
                "rules": list(wording.rules),
                "methods": list(wording.methods),
                "revision": wording.revision,
            }
        since = max(stretch.since, stretch.after)  # nothing ends before it is decided
        return self._ask(name, since, stretch.until, **bounds)
