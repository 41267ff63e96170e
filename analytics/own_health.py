"""Own health: what keeps Tidegate from seeing or acting, and whether the service keeps its objective.

Everything here is level-triggered: a look tells what holds now. What is asked costs little: the ledger of
the last minutes at each look, heartbeats and outcomes every HEARTBEATS_EVERY_S and OUTCOMES_EVERY_S.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import msgspec

from analytics.conditions import Condition
from analytics.control import Unreachable
from analytics.objectives import WINDOWS, burning, to_condition
from kernel.control import Status
from kernel.findings import Observation, Severity
from warehouse.failures import FAILURES, to_line
from warehouse.health import Heartbeat, Served
from warehouse.readers import AHEAD_S, Loss, Watermark

LOSS_S = 300.0
LOST_SHARE, MUCH_LOST_SHARE = 0.001, 0.1  # the latter takes all confidence of a finding, see analytics.loop
LAG_S, LONG_LAG_S = 30.0, 300.0
MUCH_SPOOLED = 1_000  # events; some are for a moment at every restart of the warehouse
SILENT_S = 30.0  # a worker writes a ledger row each second, and waits 3 s for a slow warehouse
BEHIND_S, LONG_BEHIND_S = 60.0, 600.0
PROXY_LATE_S = 15.0  # a revision reaches a proxy within 2 s; who tells another one so long after refused it
PROXY_GONE_S = 90.0  # a long poll lasts 25 s
PAUSED_LONG_S = 3600.0
AWAY_S = 20.0
HEARTBEATS_EVERY_S = 15.0
OUTCOMES_EVERY_S = 30.0
MOST_SILENT = 20  # workers told of by themselves
MOST_NAMED = 3

Ask = Callable[[float], tuple[Condition, ...]]


class Reader(Protocol):
    """What is asked of the warehouse: see warehouse.health.HealthReader."""

    def loss(self, since: float, until: float) -> Loss: ...
    def watermark(self, now: float, *, pace: float = 1.0) -> Watermark: ...
    def judged(self) -> int | None: ...
    def heartbeats(self, now: float, *, pace: float = 1.0) -> tuple[Heartbeat, ...]: ...
    def served(self, now: float, windows: Sequence[int]) -> Served: ...


class Control(Protocol):
    """What is asked of the console: see analytics.control.Control. Raises Unreachable."""

    def status(self) -> Status: ...


class Watching(msgspec.Struct, frozen=True):
    """`objective`: of availability, in (0, 1). The events' clock runs `pace` times as fast as time."""

    objective: float
    pace: float = 1.0


class SelfWatch:
    """Looks at one tenant. `control` None: nobody holds a policy for others here.

    `reader` makes the reader, and raises what the warehouse's client raises while there is no warehouse.
    """

    def __init__(self, reader: Callable[[], Reader], control: Control | None, watching: Watching) -> None:
        self._reader = reader
        self._watching = watching
        self._outcomes = Rarely(self._ask_outcomes, OUTCOMES_EVERY_S * watching.pace)
        self._heartbeats = Rarely(self._ask_heartbeats, HEARTBEATS_EVERY_S * watching.pace)
        self._warehouse = Source(self._ask_warehouse, warehouse_away, AWAY_S * watching.pace)
        self._console: Source | None = None
        if control is not None:
            self._console = Source(
                lambda _: of_status(control.status()), console_away, AWAY_S * watching.pace
            )

    def look(self, now: float) -> tuple[Condition, ...]:
        """What holds at `now` (unix seconds by the events' clock).

        Raises what the warehouse's client raises, or Unreachable, in the first AWAY_S of an outage.
        """
        by_console = self._console.look(now) if self._console is not None else ()
        return (*self._warehouse.look(now), *by_console)

    def _ask_warehouse(self, now: float) -> tuple[Condition, ...]:
        pace = self._watching.pace
        mark = self._reader().watermark(now, pace=pace)
        loss = self._reader().loss(now - LOSS_S * pace, now + AHEAD_S * pace)
        return (
            *losing(loss),
            *lagging(mark, pace=pace),
            *behind(mark, self._reader().judged(), pace=pace),
            *self._heartbeats.look(now),
            *self._outcomes.look(now),
        )

    def _ask_heartbeats(self, now: float) -> tuple[Condition, ...]:
        pace = self._watching.pace
        return silent(self._reader().heartbeats(now, pace=pace), now, pace=pace)

    def _ask_outcomes(self, now: float) -> tuple[Condition, ...]:
        objective = self._watching.objective
        fired = burning(self._reader().served(now, tuple(WINDOWS)), now, objective=objective)
        return tuple(to_condition(each, objective) for each in fired)


class Rarely:
    """Asks at most once in `every_s`; between, what was answered last holds."""

    def __init__(self, ask: Ask, every_s: float) -> None:
        self._ask = ask
        self._every_s = every_s
        self._asked_at = float("-inf")
        self._known: tuple[Condition, ...] = ()

    def look(self, now: float) -> tuple[Condition, ...]:
        """What holds by it. Raises what asking raises; it is asked again then."""
        if not 0.0 <= now - self._asked_at < self._every_s:
            self._known = self._ask(now)
            self._asked_at = now
        return self._known


class Source:
    """A part that answers: conditions by its answer. Or that it is away, and what was known last."""

    def __init__(self, ask: Ask, away: Callable[[str], Condition], patience_s: float) -> None:
        self._ask = ask
        self._away = away
        self._patience_s = patience_s
        self._known: tuple[Condition, ...] = ()
        self._failing_since: float | None = None

    def look(self, now: float) -> tuple[Condition, ...]:
        """What holds by it. Raises what asking raises while it fails for less than `patience_s`."""
        try:
            self._known = self._ask(now)
        except (*FAILURES, Unreachable) as failure:
            if self._failing_since is None:
                self._failing_since = now
            if now - self._failing_since < self._patience_s:
                raise
            told = str(failure) if isinstance(failure, Unreachable) else to_line(failure)
            return (self._away(told), *self._known)
        self._failing_since = None
        return self._known


def of_status(status: Status) -> tuple[Condition, ...]:
    """What holds by what the console knows."""
    return (*refused_file(status), *refused_by_proxies(status), *paused(status))


def losing(loss: Loss) -> Iterator[Condition]:
    """Events are dropped."""
    if loss.dropped <= 0 or loss.share < LOST_SHARE:
        return
    yield Condition(
        name="telemetry-lost",
        labels={},
        severity="critical" if loss.share >= MUCH_LOST_SHARE else "warning",
        summary=f"{loss.dropped:,} of {loss.offered:,} events of the last {LOSS_S / 60:.0f} minutes were "
        "dropped: every count is too low; look at the proxies' logs, their disks and the warehouse",
        observations=(
            Observation("lost_share", round(loss.share * 100, 4), LOST_SHARE * 100, "%"),
            Observation("spooled", float(loss.spooled), 0.0, "events"),
        ),
    )


def lagging(mark: Watermark, *, pace: float) -> Iterator[Condition]:
    """Workers are heard, and what they tell is old, or is still on its way.

    By their own clock, which silence does not move: that is another condition.
    """
    if mark.through is None or not mark.workers:
        return
    lag_s = (mark.heard_at - mark.through) / pace
    if lag_s < LAG_S and mark.spooled < MUCH_SPOOLED:
        return
    yield Condition(
        name="ingest-lag",
        labels={},
        severity="critical" if lag_s >= LONG_LAG_S else "warning",
        summary=f"telemetry is {lag_s:,.0f} s behind and {mark.spooled:,} events wait in spools: attacks are "
        "found late; look whether the warehouse is slow, then at the proxies' logs",
        observations=(
            Observation("lag", round(lag_s, 1), LAG_S, "s"),
            Observation("spooled", float(mark.spooled), float(MUCH_SPOOLED), "events"),
        ),
    )


def behind(mark: Watermark, judged: int | None, *, pace: float) -> Iterator[Condition]:
    """Telemetry is there, and analytics has not judged it."""
    if mark.through is None or judged is None:
        return
    behind_s = (mark.through - judged) / pace
    if behind_s < BEHIND_S:
        return
    yield Condition(
        name="analytics-behind",
        labels={},
        severity="critical" if behind_s >= LONG_BEHIND_S else "warning",
        summary=f"analytics has judged nothing of the last {behind_s:,.0f} s: attacks are found late and no "
        "limit is set; look at its log, it catches up by itself after a restart",
        observations=(Observation("behind", round(behind_s, 1), BEHIND_S, "s"),),
    )


def silent(heartbeats: Sequence[Heartbeat], now: float, *, pace: float) -> tuple[Condition, ...]:
    """Workers that said no goodbye and are not heard, the latest first."""
    living = [each for each in heartbeats if not each.has_ended]
    missing = [each for each in living if now - each.heard_at >= SILENT_S * pace]
    missing.sort(key=lambda each: -each.heard_at)
    severity: Severity = "warning" if len(missing) < len(living) else "critical"
    return tuple(
        Condition(
            name="heartbeat-missing",
            labels={"proxy": each.worker},
            severity=severity,
            summary=f"proxy {each.worker} is silent for {(now - each.heard_at) / pace:,.0f} s and said no "
            "goodbye: it died, hangs, or does not reach the warehouse; look whether it still answers clients",
            observations=(Observation("silent", round((now - each.heard_at) / pace, 1), SILENT_S, "s"),),
        )
        for each in missing[:MOST_SILENT]
    )


def refused_file(status: Status) -> Iterator[Condition]:
    """The console refused the policy file as it is now."""
    if not status.refused_policy:
        return
    rest = f" (and {len(status.refused_policy) - 1} more)" if len(status.refused_policy) > 1 else ""
    yield Condition(
        name="policy-rejected",
        labels={"at": "console"},
        severity="warning",
        summary=f"the policy file is refused, revision {status.revision} stays: "
        f"{status.refused_policy[0].rstrip('.')}{rest}; run `tidegate check` on it",
        observations=(Observation("problems", float(len(status.refused_policy)), 0.0, "problems"),),
    )


def refused_by_proxies(status: Status) -> Iterator[Condition]:
    """Proxies that follow run another revision than the one in force, long after it came."""
    told_after = status.revision_at + PROXY_LATE_S
    others = [
        each
        for each in status.proxies
        if each.revision != status.revision
        and each.seen_at >= told_after
        and status.now - each.seen_at < PROXY_GONE_S
    ]
    if not others:
        return
    named = ", ".join(f"{each.name} ({each.revision or 'none'})" for each in others[:MOST_NAMED])
    rest = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
    yield Condition(
        name="policy-rejected",
        labels={"at": "proxies"},
        severity="critical",
        summary=f"revision {status.revision} is in force, and these proxies run another one: {named}{rest}; "
        "their logs say why they refused it",
        observations=(Observation("proxies", float(len(others)), 0.0, "proxies"),),
    )


def paused(status: Status) -> Iterator[Condition]:
    """An operator paused automation; for long, it may have been forgotten."""
    if not status.loop.paused:
        return
    paused_s = max(status.now - status.loop.changed_at, 0.0)
    yield Condition(
        name="loop-paused",
        labels={},
        severity="warning" if paused_s >= PAUSED_LONG_S else "info",
        summary=f"automation is paused ({status.loop.reason or 'no reason given'}): no adaptive limit holds; "
        "`tidegate loop resume` ends it",
        observations=(Observation("paused", round(paused_s), PAUSED_LONG_S, "s"),),
    )


def warehouse_away(reason: str) -> Condition:
    """Nothing can be asked of the warehouse."""
    return Condition(
        name="warehouse-away",
        labels={},
        severity="critical",
        summary=f"{reason}: nothing is found, proxies spool to their disks; start it or free its disk",
    )


def console_away(reason: str) -> Condition:
    """Nothing can be asked of the console."""
    return Condition(
        name="console-away",
        labels={},
        severity="warning",
        summary=f"the console does not answer ({reason}): proxies serve on with the last good policy, and "
        "adaptive limits end; start it again",
    )
