import logging
from collections.abc import Sequence
from threading import Event

import pytest

from analytics.engine import Engine
from analytics.loop import HANDOVER_S, MANY_CELLS, MOST_CATCH_UP_S, NOTE_EVERY_S, Loop, Pace
from analytics.publisher import Publisher
from analytics.weekly import NOTED_S, same_hours
from kernel.findings import Finding, Overlay
from tests.analytics.traffic import START, Request, cells_of, greedy, quiet, routes_of
from warehouse.demand import DemandRow
from warehouse.readers import History, Watermark
from warehouse.readers_analytics import (
    AddressColumns,
    CellColumns,
    LoginColumns,
    MixColumns,
    ProbeColumns,
    RouteColumns,
)


class Stored:
    """Requests that can be asked for as the warehouse's windows; `broken` fails every question."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self.requests = requests
        self.through: float | None = None
        self.loss = 0.0
        self.broken = False
        self.asked: list[tuple[float, float]] = []

    def cells(self, since: float, until: float) -> CellColumns:
        if self.broken:
            raise OSError("gone")
        self.asked.append((since, until))
        rows = [each for second in self.seconds(since, until) for each in cells_of(second, self.of(second))]
        return CellColumns(*([list(column) for column in zip(*rows, strict=True)] or [[]] * 6))

    def routes(self, since: float, until: float) -> RouteColumns:
        rows = [each for second in self.seconds(since, until) for each in routes_of(second, self.of(second))]
        return RouteColumns(*([list(column) for column in zip(*rows, strict=True)] or [[]] * 12))

    def addresses(self, since: float, until: float) -> AddressColumns:
        return AddressColumns(*[[]] * 8)

    def logins(self, since: float, until: float) -> LoginColumns:
        return LoginColumns(*[[]] * 6)

    def probes(self, since: float, until: float) -> ProbeColumns:
        return ProbeColumns(*[[]] * 6)

    def mixes(self, since: float, until: float) -> MixColumns:
        return MixColumns(*[[]] * 4)

    def hours(self, since: float, until: float) -> History:
        return History(*[[]] * 12)

    def rows_there(self, since: float, until: float) -> dict[int, int]:
        return {second: len(self.of(second)) for second in self.seconds(since, until)}

    def watermark(self, now: float, *, pace: float = 1.0) -> Watermark:
        return Watermark(self.through, ("w1",), self.loss, 0, 0, ())

    def seconds(self, since: float, until: float) -> list[int]:
        found = {START + int(each.at) for each in self.requests}
        return sorted(second for second in found if since <= second < until)

    def of(self, second: int) -> list[Request]:
        return [each for each in self.requests if START + int(each.at) == second]


class Once(Event):
    """Ends a run at its first wait."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True


class Kept:
    """An archive in memory."""

    def __init__(self) -> None:
        self.findings: dict[str, Finding] = {}
        self.overlays: list[Overlay] = []
        self.judged: int | None = None
        self.rows: list[DemandRow] = []
        self.past: list[DemandRow] = []
        self.hours_asked: list[Sequence[int]] = []

    def known(self, since: float) -> Sequence[Finding]:
        return list(self.findings.values())

    def keep_findings(self, findings: Sequence[Finding]) -> None:
        self.findings.update((each.id, each) for each in findings)

    def keep_overlays(self, overlays: Sequence[Overlay]) -> None:
        self.overlays += overlays

    def progress(self) -> int | None:
        return self.judged

    def keep_progress(self, judged: int) -> None:
        self.judged = judged

    def demand(self, hours: Sequence[int]) -> Sequence[DemandRow]:
        self.hours_asked.append(hours)
        return self.past

    def keep_demand(self, rows: Sequence[DemandRow]) -> None:
        self.rows += rows


class Told(Publisher):
    """A publisher that notes when it is asked; another may hold the lease."""

    def __init__(self, *, active: bool = True) -> None:
        super().__init__(None, lambda: 0.0)
        self.is_active = active
        self.asked_at: list[int] = []

    def publish(self, now: float, engine: Engine, loss: float) -> Sequence[Overlay]:
        self.asked_at.append(engine.second)
        return ()


def loop_of(
    stored: Stored,
    kept: Kept,
    publisher: Publisher | None = None,
    *,
    most_cells: int = MANY_CELLS,
    engine: Engine | None = None,
) -> Loop:
    return Loop(
        engine or Engine("t"),
        stored,
        archive=kept,
        publisher=publisher or Publisher(None, lambda: 0.0),
        pace=Pace(lambda: float(stored.through or START), most_cells=most_cells),
    )


def busy() -> Stored:
    return Stored(sorted([*quiet(seconds=60), *greedy(40.0, 50.0)]))


def test_nothing_is_judged_before_a_worker_was_heard() -> None:
    stored = busy()
    loop_of(stored, Kept()).tick()
    assert stored.asked == []


def test_a_window_waits_for_the_watermark() -> None:
    stored, kept = busy(), Kept()
    loop = loop_of(stored, kept)
    stored.through = START + 40.9
    loop.tick()
    assert not kept.findings
    stored.through = START + 43.0
    loop.tick()
    assert [each.kind for each in kept.findings.values()] == ["client-burst"]


def test_each_second_is_read_once() -> None:
    stored = busy()
    loop = loop_of(stored, Kept())
    for second in range(1, 61):
        stored.through = float(START + second)
        loop.tick()
    read = [second for since, until in stored.asked for second in range(int(since), int(until))]
    assert len(read) == len(set(read))


def test_a_tick_that_fails_is_counted_and_loses_nothing() -> None:
    stored, kept, stop = busy(), Kept(), Once()
    loop = loop_of(stored, kept)
    stored.through, stored.broken = START + 43.0, True
    loop.run(stop, 1.0)
    assert loop.counters.failed == 1
    stored.broken = False
    loop.tick()
    assert len(kept.findings) == 1


def test_only_a_bug_is_told_with_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    class Buggy(Stored):
        def watermark(self, now: float, *, pace: float = 1.0) -> Watermark:
            raise KeyError("bug")

    away = busy()
    away.through, away.broken = START + 43.0, True
    for stored in (away, Buggy([])):
        loop_of(stored, Kept()).run(Once(), 1.0)
    told = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.message for record in told] == [
        "the warehouse does not answer (gone); tried again",
        "a tick failed",
    ]
    assert [record.exc_info is not None for record in told] == [False, True]


def test_lost_telemetry_costs_confidence() -> None:
    lossy, sound = busy(), busy()
    found: list[Finding] = []
    for stored, loss in ((lossy, 0.05), (sound, 0.0)):
        kept = Kept()
        stored.loss, stored.through = loss, START + 43.0
        loop_of(stored, kept).tick()
        found += kept.findings.values()
    assert 0 < found[0].confidence < found[1].confidence


def test_late_rows_are_counted() -> None:
    stored = busy()
    loop = loop_of(stored, Kept())
    stored.through = START + 20.0
    loop.tick()
    stored.requests = sorted([*stored.requests, *greedy(15.0, 16.0, rate=8.0)])
    stored.through = START + 40.0
    loop.tick()
    assert loop.counters.late == 8


LONG_S = 7_200  # of downtime


def told(kept: Kept) -> list[tuple[str, float, float]]:
    return sorted((each.id, each.onset, each.closed_at) for each in kept.findings.values())


def test_a_start_after_a_long_downtime_decides_what_happened_meanwhile() -> None:
    stored, kept, whole = busy(), Kept(), Kept()
    stored.through = START + 30.0
    loop_of(stored, kept).tick()
    assert (kept.judged, kept.findings) == (START + 30, {})
    stored.through = float(START + LONG_S)
    loop_of(stored, kept).tick()
    assert kept.judged == START + LONG_S
    always = loop_of(stored, whole)
    for second in (30, 43, 60, LONG_S):
        stored.through = float(START + second)
        always.tick()
    assert told(kept) == told(whole)
    assert len(kept.findings) == 1


def test_a_first_start_decides_the_last_minutes_only() -> None:
    stored, kept = busy(), Kept()
    stored.through = float(START + LONG_S)
    loop_of(stored, kept).tick()
    assert (kept.judged, kept.findings) == (START + LONG_S, {})


def test_more_than_a_day_is_not_caught_up_with(caplog: pytest.LogCaptureFixture) -> None:
    stored, kept = busy(), Kept()
    kept.judged = START + 30
    stored.through = float(START + 3 * MOST_CATCH_UP_S)
    loop_of(stored, kept).tick()
    assert (kept.judged, kept.findings) == (START + 3 * MOST_CATCH_UP_S, {})
    assert "were never judged" in caplog.text


def test_a_long_way_is_caught_up_with_tick_by_tick_without_limiting_anybody() -> None:
    later = [each._replace(at=each.at + after) for after in (2_000, 5_000) for each in quiet(seconds=20)]
    stored, kept, publisher = Stored([*busy().requests, *later]), Kept(), Told()
    kept.judged = START
    stored.through = float(START + LONG_S)
    loop, reached = loop_of(stored, kept, publisher, most_cells=1), [START]
    while not publisher.asked_at:
        loop.tick()
        reached.append(kept.judged or 0)
    assert len(reached) > 3
    assert reached == sorted(set(reached))
    assert reached[-1] == START + LONG_S
    assert len(kept.findings) == 1


def test_who_does_not_hold_the_lease_notes_nothing() -> None:
    stored, kept = busy(), Kept()
    stored.through = START + 43.0
    loop_of(stored, kept, Told(active=False)).tick()
    assert (kept.judged, kept.findings) == (None, {})


def test_who_takes_the_lease_over_writes_what_its_holder_may_not_have() -> None:
    # The burst is found at 41 and over at 65; what nobody wrote is fresh for HANDOVER_S after either.
    for waits_s, states in ((1, [False]), (24, [True]), (22 + HANDOVER_S, [True]), (26 + HANDOVER_S, [])):
        stored, kept, publisher = busy(), Kept(), Told(active=False)
        loop = loop_of(stored, kept, publisher)
        for second in (43, 43 + waits_s):
            stored.through = float(START + second)
            loop.tick()
        publisher.is_active = True
        loop.tick()
        assert [each.closed_at > 0 for each in kept.findings.values()] == states


def test_progress_is_noted_after_the_findings_and_not_each_second() -> None:
    stored, kept = busy(), Kept()
    loop = loop_of(stored, kept)
    noted = []
    for second in range(30, 60):
        stored.through = float(START + second)
        loop.tick()
        noted.append(kept.judged)
    assert len(set(noted)) == 30 // NOTE_EVERY_S


def test_demand_is_noted_each_ten_minutes_once_so_much_is_learnt() -> None:
    stored, kept = Stored(quiet(seconds=1_500, rate=3.0, identities=9)), Kept()
    loop = loop_of(stored, kept)
    for second in range(60, 1_500, 60):
        stored.through = float(START + second)
        loop.tick()
    times = [row.since for row in kept.rows]
    assert [row.scope for row in kept.rows] == ["*"] * len(times)
    assert len(times) >= 1
    assert times == [times[0] + NOTED_S * number for number in range(len(times))]
    assert times[-1] == (START + 1_440) // NOTED_S * NOTED_S - NOTED_S
    assert all(row.identities == 9 for row in kept.rows)


def test_past_weeks_are_asked_for_each_hour_and_raise_what_is_expected() -> None:
    stored, kept, engine = busy(), Kept(), Engine("t")
    kept.past = [DemandRow("*", START - 604_800, 900, (9.0,) * 3, (9.0,) * 3, (999,) * 3)]
    loop = loop_of(stored, kept, engine=engine)
    for second in (30, 60, 3_660):
        stored.through = float(START + second)
        loop.tick()
    assert kept.hours_asked == [same_hours(START + 30), same_hours(START + 3_660)]
    assert engine.expected("*").identities == 900
    assert engine.usual("*").identities < 900
