"""What a notebook asks of one identity: how its requests went over time, and what became of them."""

from collections.abc import Sequence

import msgspec

from warehouse.readers import Reader, to_table


class Whose(msgspec.Struct, frozen=True):
    """An identity's requests that ended in [since, until), seconds since 1970; `route` empty: on all."""

    identity: str
    since: float
    until: float
    route: str = ""


class CourseColumns(msgspec.Struct, frozen=True):
    """One row per step with requests in it. `quantiles_us`: the 50th, 95th and 99th percentile, exact."""

    began: Sequence[int]
    success: Sequence[int]
    refused: Sequence[int]
    client_errors: Sequence[int]
    server_errors: Sequence[int]
    not_routed: Sequence[int]
    quantiles_us: Sequence[Sequence[int]]


class FateColumns(msgspec.Struct, frozen=True):
    """One row per (route, decision, reason, rule), the most frequent first."""

    route: Sequence[str]
    decision: Sequence[str]
    reason: Sequence[str]
    rule: Sequence[str]
    requests: Sequence[int]
    errors: Sequence[int]
    refused_by_shadows: Sequence[int]


class IdentityReader(Reader):
    """Asks for one tenant. Safe where its client is."""

    def course(self, whose: Whose, *, step_s: int) -> CourseColumns:
        """Its requests by `step_s` seconds."""
        return to_table(CourseColumns, self._of("identity_course", whose, step=step_s))

    def fates(self, whose: Whose) -> FateColumns:
        """What became of them, and why."""
        return to_table(FateColumns, self._of("identity_fates", whose))

    def _of(self, name: str, whose: Whose, **parameters: object) -> Sequence[Sequence[object]]:
        about = {"identity": whose.identity, "route": whose.route}
        return self._ask(name, whose.since, whose.until, **about, **parameters)
