"""What is told of Tidegate itself: one reader and one console of ours, and the real ones once."""

import time
from collections.abc import Sequence

import pytest
from clickhouse_connect.driver.client import Client

from analytics.conditions import WAREHOUSE_AWAY
from analytics.control import Unreachable
from analytics.own_health import (
    AWAY_S,
    HEARTBEATS_EVERY_S,
    OUTCOMES_EVERY_S,
    PAUSED_LONG_S,
    PROXY_LATE_S,
    SelfWatch,
    Watching,
)
from kernel.control import Lease, Loop, SeenProxy, Status
from kernel.events import LedgerRow
from tests.warehouse.event_rows import insert_rows, row
from warehouse.delivery import insert_ledger
from warehouse.health import HealthReader, Heartbeat, Outcomes, Served
from warehouse.ledger import CLOSED
from warehouse.readers import Loss, Watermark

NOW = 1_790_000_000.0
WELL = Watermark(NOW - 0.5, ("edge-1",), 0.0, 0, 0, (), heard_at=NOW)
RUNNING = Loop(False, "", 0.0)
NOBODY = Watermark(None, (), 0.0, 0, 0, ())


class Ledger:
    """A warehouse that says what a test wants; `failing` for one that is away."""

    def __init__(self) -> None:
        self.losses = Loss(10_000, 10_000, 0, 0, 0)
        self.mark = WELL
        self.judged_until: int | None = int(NOW)
        self.beats: tuple[Heartbeat, ...] = (Heartbeat("edge-1", NOW - 1, False),)
        self.outcomes = Outcomes(10_000, 0)
        self.failing = False
        self.asked: list[str] = []

    def note(self, what: str) -> None:
        self.asked.append(what)
        if self.failing:
            raise ConnectionRefusedError(111, "Connection refused")

    def loss(self, since: float, until: float) -> Loss:
        self.note("loss")
        return self.losses

    def watermark(self, now: float, *, pace: float = 1.0) -> Watermark:
        self.note("watermark")
        return self.mark

    def judged(self) -> int | None:
        self.note("judged")
        return self.judged_until

    def heartbeats(self, now: float, *, pace: float = 1.0) -> tuple[Heartbeat, ...]:
        self.note("heartbeats")
        return self.beats

    def served(self, now: float, windows: Sequence[int]) -> Served:
        self.note("served")
        return Served(NOW - max(windows), dict.fromkeys(windows, self.outcomes))


class Console:
    """A console that knows `known`; None: it is away."""

    def __init__(self) -> None:
        self.known: Status | None = status()

    def status(self) -> Status:
        if self.known is None:
            raise Unreachable("GET /v1/status: no answer in time")
        return self.known


def status(
    *,
    refused: tuple[str, ...] = (),
    loop: Loop = RUNNING,
    proxies: tuple[SeenProxy, ...] = (),
    revision_at: float = NOW - 3600,
) -> Status:
    nobody = Lease("", 0.0)
    return Status("default", "r2", "policy.yaml", refused, (), 1, (), nobody, loop, proxies, NOW,
                  revision_at=revision_at)  # fmt: skip


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def console() -> Console:
    return Console()


@pytest.fixture
def watch(ledger: Ledger, console: Console) -> SelfWatch:
    return SelfWatch(lambda: ledger, console, Watching(objective=0.999))


def names(watch: SelfWatch, now: float = NOW) -> list[str]:
    return [each.name for each in watch.look(now)]


def test_nothing_is_told_where_all_is_well(watch: SelfWatch) -> None:
    assert watch.look(NOW) == ()


def test_nothing_is_told_of_an_installation_without_traffic(ledger: Ledger) -> None:
    ledger.mark, ledger.judged_until, ledger.beats = NOBODY, None, ()
    ledger.losses, ledger.outcomes = Loss(0, 0, 0, 0, 0), Outcomes(0, 0)
    assert SelfWatch(lambda: ledger, None, Watching(objective=0.999)).look(NOW) == ()


def test_dropped_events_are_told_and_many_are_critical(watch: SelfWatch, ledger: Ledger) -> None:
    ledger.losses = Loss(10_000, 9_995, 0, 5, 0)
    assert watch.look(NOW) == ()
    ledger.losses = Loss(10_000, 9_900, 40, 100, 0)
    (lost,) = watch.look(NOW)
    assert (lost.name, lost.severity, lost.labels) == ("telemetry-lost", "warning", {})
    assert lost.summary.startswith("100 of 10,000 events of the last 5 minutes were dropped")
    ledger.losses = Loss(10_000, 9_000, 0, 1_000, 0)
    assert [each.severity for each in watch.look(NOW)] == ["critical"]


def test_events_of_a_dead_proxy_are_lost_though_nothing_was_offered_since(
    watch: SelfWatch, ledger: Ledger
) -> None:
    ledger.losses = Loss(0, 0, 0, 12, 0)
    assert names(watch) == ["telemetry-lost"]


def heard(*, behind_s: float, spooled: int = 0) -> Watermark:
    return Watermark(NOW - behind_s, ("edge-1",), 0.0, spooled, 0, (), heard_at=NOW)


def test_telemetry_that_is_old_is_told(watch: SelfWatch, ledger: Ledger) -> None:
    ledger.mark, ledger.judged_until = heard(behind_s=45.0, spooled=3), int(NOW - 46)
    (lag,) = watch.look(NOW)
    assert (lag.name, lag.severity) == ("ingest-lag", "warning")
    assert lag.summary.startswith("telemetry is 45 s behind and 3 events wait in spools")
    ledger.mark = heard(behind_s=400.0)
    assert [each.severity for each in watch.look(NOW)] == ["critical"]


def test_events_that_wait_in_spools_are_late_though_the_watermark_goes_on(
    watch: SelfWatch, ledger: Ledger
) -> None:
    ledger.mark = heard(behind_s=0.5, spooled=999)
    assert watch.look(NOW) == ()
    ledger.mark = heard(behind_s=0.5, spooled=25_000)
    assert names(watch) == ["ingest-lag"]


def test_silence_is_no_lag(watch: SelfWatch, ledger: Ledger) -> None:
    ledger.mark = Watermark(NOW - 45.5, ("edge-1",), 0.0, 0, 0, (), heard_at=NOW - 45)
    ledger.beats = (Heartbeat("edge-1", NOW - 45, False),)
    assert names(watch) == ["heartbeat-missing"]


def test_workers_that_all_ended_do_not_lag(watch: SelfWatch, ledger: Ledger) -> None:
    ledger.mark = Watermark(NOW - 50.0, (), 0.0, 0, 0, ())
    assert watch.look(NOW) == ()


def test_analytics_that_judges_nothing_is_told(watch: SelfWatch, ledger: Ledger) -> None:
    ledger.judged_until = int(NOW - 61)
    assert names(watch) == ["analytics-behind"]
    ledger.judged_until = int(NOW - 700)
    assert [each.severity for each in watch.look(NOW)] == ["critical"]


def test_a_silent_worker_is_told_and_one_that_ended_is_not(watch: SelfWatch, ledger: Ledger) -> None:
    ledger.beats = (
        Heartbeat("edge-1", NOW - 1, False),
        Heartbeat("edge-2", NOW - 40, False),
        Heartbeat("edge-3", NOW - 40, True),
    )
    (missing,) = watch.look(NOW)
    assert (missing.name, missing.labels, missing.severity) == (
        "heartbeat-missing",
        {"proxy": "edge-2"},
        "warning",
    )
    assert missing.summary.startswith("proxy edge-2 is silent for 40 s and said no goodbye")


def test_it_is_critical_that_no_worker_is_left(watch: SelfWatch, ledger: Ledger) -> None:
    ledger.beats = (Heartbeat("edge-1", NOW - 90, False), Heartbeat("edge-2", NOW - 40, False))
    told = watch.look(NOW)
    assert [(each.labels["proxy"], each.severity) for each in told] == [
        ("edge-2", "critical"),
        ("edge-1", "critical"),
    ]


def test_a_budget_that_burns_is_told_by_its_rule(watch: SelfWatch, ledger: Ledger) -> None:
    ledger.outcomes = Outcomes(10_000, 70)
    assert names(watch) == ["burn-rate-medium", "burn-rate-slow"]


def test_a_refused_policy_file_is_told_with_its_problem(watch: SelfWatch, console: Console) -> None:
    console.known = status(refused=("policy.yaml:3:1 what is this", "policy.yaml:9:1 and that"))
    (rejected,) = watch.look(NOW)
    assert (rejected.name, rejected.labels) == ("policy-rejected", {"at": "console"})
    assert "policy.yaml:3:1 what is this (and 1 more); run `tidegate check`" in rejected.summary


def test_a_proxy_that_runs_another_revision_long_after_is_told(watch: SelfWatch, console: Console) -> None:
    proxies = (
        SeenProxy("edge-1", "r2", 1, NOW - 5),
        SeenProxy("edge-2", "r1", 1, NOW - 5),
        SeenProxy("edge-3", "", 0, NOW - 5),
    )
    console.known = status(proxies=proxies)
    (rejected,) = watch.look(NOW)
    assert (rejected.labels, rejected.severity) == ({"at": "proxies"}, "critical")
    assert "edge-2 (r1), edge-3 (none)" in rejected.summary


def test_a_revision_may_take_its_time_and_who_is_gone_refused_nothing(
    watch: SelfWatch, console: Console
) -> None:
    late = SeenProxy("edge-1", "r1", 1, NOW - 1)
    console.known = status(proxies=(late,), revision_at=NOW - PROXY_LATE_S)
    assert watch.look(NOW) == ()
    console.known = status(proxies=(SeenProxy("edge-1", "r1", 1, NOW - 200),))
    assert watch.look(NOW) == ()


def test_a_pause_is_told_and_a_long_one_is_a_warning(watch: SelfWatch, console: Console) -> None:
    console.known = status(loop=Loop(True, "load test", NOW - 60))
    (paused,) = watch.look(NOW)
    assert (paused.name, paused.severity) == ("loop-paused", "info")
    assert "paused (load test)" in paused.summary
    console.known = status(loop=Loop(True, "", NOW - PAUSED_LONG_S))
    assert [each.severity for each in watch.look(NOW)] == ["warning"]


def test_heartbeats_and_outcomes_are_asked_for_now_and_then(watch: SelfWatch, ledger: Ledger) -> None:
    ledger.outcomes = Outcomes(10_000, 5_000)
    looks = [NOW + 5.0 * number for number in range(13)]
    fired = {tuple(names(watch, now)) for now in looks if now < NOW + OUTCOMES_EVERY_S}
    assert len(fired) == 1  # between two looks at the warehouse the last answer holds
    for now in looks[6:]:
        watch.look(now)
    assert ledger.asked.count("served") == 60 // OUTCOMES_EVERY_S + 1
    assert ledger.asked.count("heartbeats") == 60 // HEARTBEATS_EVERY_S + 1
    assert ledger.asked.count("watermark") == 13


def test_a_warehouse_that_stays_away_is_told_beside_what_was_known(watch: SelfWatch, ledger: Ledger) -> None:
    ledger.losses = Loss(10_000, 9_900, 0, 100, 0)
    assert names(watch) == ["telemetry-lost"]
    ledger.failing = True
    for seconds in (5.0, 5.0 + AWAY_S - 1):
        with pytest.raises(ConnectionRefusedError):
            watch.look(NOW + seconds)
    away, lost = watch.look(NOW + 5.0 + AWAY_S)
    assert (away.name, away.severity, lost.name) == (WAREHOUSE_AWAY, "critical", "telemetry-lost")
    assert away.summary.startswith("the warehouse does not answer (connection refused)")
    ledger.failing = False
    assert names(watch, NOW + 26) == ["telemetry-lost"]


def test_a_console_that_stays_away_is_told(watch: SelfWatch, console: Console) -> None:
    console.known = None
    with pytest.raises(Unreachable):
        watch.look(NOW)
    assert names(watch, NOW + AWAY_S) == ["console-away"]


def test_a_replay_on_a_faster_clock_has_as_many_more_seconds_of_patience(ledger: Ledger) -> None:
    watch = SelfWatch(lambda: ledger, None, Watching(objective=0.999, pace=60.0))
    ledger.mark, ledger.judged_until = heard(behind_s=1_000.0), int(NOW - 3_000)
    ledger.beats = (Heartbeat("edge-1", NOW - 1_000, False),)
    assert watch.look(NOW) == ()
    ledger.mark = heard(behind_s=2_000.0)
    assert names(watch) == ["ingest-lag"]


@pytest.fixture
def real(warehouse_client: Client, tenant: str) -> HealthReader:
    return HealthReader(warehouse_client, tenant)


def test_a_real_warehouse_without_rows_tells_of_nothing(real: HealthReader) -> None:
    assert SelfWatch(lambda: real, None, Watching(objective=0.999)).look(time.time()) == ()


def test_a_real_warehouse_tells_of_an_outage(
    real: HealthReader, warehouse_client: Client, tenant: str
) -> None:
    now = float(int(time.time()))
    micros = round(now * 1e6)
    rows = [row(tenant, seq, ended_at=now - 7200 + 60 * (seq % 120)) for seq in range(1, 241)]
    rows += [row(tenant, 1000 + seq, ended_at=now - 30, status=503) for seq in range(20)]
    insert_rows(warehouse_client, rows, token=tenant)
    edge = LedgerRow(tenant, "edge-1", 1, micros - 90_000_000, micros - 90_000_000, 100, 90, 0, 10, 0, 0, ())
    ended = edge._replace(worker="edge-2", through=CLOSED, dropped=0)
    insert_ledger(warehouse_client, [edge._replace(written_at=micros - 91_000_000, dropped=0), edge, ended])

    told = SelfWatch(lambda: real, None, Watching(objective=0.999)).look(now)

    assert {each.name for each in told} == {"telemetry-lost", "heartbeat-missing", "burn-rate-fast"}
