from collections.abc import Sequence
from threading import Event

from analytics.engine import Engine
from analytics.loop import Loop, Pace
from analytics.publisher import Publisher
from kernel.findings import Finding, Overlay
from tests.analytics.traffic import START, Request, cells_of, greedy, quiet, routes_of
from warehouse.readers import History, Watermark
from warehouse.readers_analytics import AddressColumns, CellColumns, RouteColumns


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

    def known(self, since: float) -> Sequence[Finding]:
        return list(self.findings.values())

    def keep_findings(self, findings: Sequence[Finding]) -> None:
        self.findings.update((each.id, each) for each in findings)

    def keep_overlays(self, overlays: Sequence[Overlay]) -> None:
        self.overlays += overlays


def loop_of(stored: Stored, kept: Kept) -> Loop:
    return Loop(
        Engine("t"),
        stored,
        archive=kept,
        publisher=Publisher(None, lambda: 0.0),
        pace=Pace(lambda: float(stored.through or START)),
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
