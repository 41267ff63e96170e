"""lab.watch: a finding is dated by its first sight; the account waits for what is on its way."""

from collections.abc import Mapping, Sequence

import msgspec

from kernel.findings import Finding, Overlay
from lab.scoring import Seen, Telemetry
from lab.watch import Ledger, Watch
from tests.lab.test_scoring import FINDING


class Shelf:
    """A reader over what a test puts on it; the last ledger is repeated."""

    def __init__(self, findings: list[list[Finding]], ledgers: list[Ledger]) -> None:
        self._findings = findings
        self._ledgers = ledgers

    def findings(self) -> Sequence[Finding]:
        return self._findings.pop(0)

    def overlays(self) -> Sequence[Overlay]:
        return ()

    def refusals(self) -> Mapping[str, int]:
        return {"abnormal-usage": 3}

    def ledger(self) -> Ledger:
        return self._ledgers.pop(0) if len(self._ledgers) > 1 else self._ledgers[0]


async def test_a_finding_keeps_the_time_of_its_first_sight_and_its_newest_text() -> None:
    closed = msgspec.structs.replace(FINDING, closed_at=120.0)
    now = [101.0]
    heard: list[Seen] = []
    watch = Watch(Shelf([[FINDING], [closed]], []), lambda: now[0], heard.append)
    await watch.look()
    now[0] = 105.0
    await watch.look()
    assert watch.seen == {FINDING.id: Seen(closed, 101.0)}
    assert heard == [Seen(FINDING, 101.0)]


async def test_the_account_waits_until_every_event_has_arrived() -> None:
    late = Ledger(offered=9, spooled=0, lost=0, buffered=3, rows=6)
    whole = Ledger(offered=10, spooled=1, lost=0, buffered=0, rows=9)
    watch = Watch(Shelf([], [late, whole]), lambda: 0.0, lambda seen: None)
    assert await watch.account(10, 5.0) == Telemetry(10, 10, 9, 1, 0)


async def test_the_account_is_told_as_it_is_when_patience_ends() -> None:
    short = Ledger(offered=9, spooled=0, lost=0, buffered=3, rows=6)
    watch = Watch(Shelf([], [short]), lambda: 0.0, lambda seen: None)
    assert await watch.account(10, 0.0) == Telemetry(10, 9, 6, 0, 0)


async def test_limits_set_and_refusals_are_handed_on() -> None:
    watch = Watch(Shelf([], []), lambda: 0.0, lambda seen: None)
    assert (await watch.overlays(), await watch.refusals()) == ((), {"abnormal-usage": 3})
