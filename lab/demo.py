"""Plays the scenario: traffic, what goes wrong in it, and the watch over what is found."""

import asyncio
import heapq
import itertools
import math
from collections.abc import Callable, Coroutine, Iterator, Sequence
from urllib.parse import urlsplit

import msgspec

from lab.alerted import alerts_of
from lab.attacks import RETURN_S
from lab.driver import Cast, Driver, Gateway, play
from lab.faults import switch
from lab.narrator import Narrator, figures_of, line_of
from lab.operating import Decided, Moments, Operator
from lab.population import Identity
from lab.promised import Harm, Outcome, harm_of, returned_of
from lab.receiver import Receiver
from lab.record import ATTACK_LABEL, GREEDY_LABEL, Sent
from lab.scenario import FAULTS, LEARNING_S, Act, EventKind, Scenario, attack_plan, greedy_plan
from lab.scoring import KIND_OF, Happened, Seen, answer_to, finding_of, mitigation_of, others, refused_of
from lab.shop import Fault
from lab.table import Results
from lab.traffic import Planned, traffic
from lab.watch import Watch

CONNECTIONS = 128
STUFFING: EventKind = "credential stuffing"
PATIENCE_S = 10.0  # for the last events on their way into the warehouse
ACCOUNT_PATIENCE_S = 12.0  # for what the approved rules did, which is told every ten seconds
LATEST_APPROVAL_S = 2.5  # before the attack comes back: a new revision is in force within 2 s
HEALTHY = Fault()


class Scene(msgspec.Struct, frozen=True):
    """Who plays, and where. `urls` by listener; clocks: seconds since 1970, and of the event loop."""

    scenario: Scenario
    people: tuple[Identity, ...]
    urls: dict[str, str]
    clock: Callable[[], float]


def address_of(url: str) -> Gateway:
    """Host and port of a URL."""
    parts = urlsplit(url)
    return Gateway(parts.hostname or "127.0.0.1", parts.port or 80)


def whole_plan(scene: Scene) -> Iterator[Planned]:
    """Everybody's requests of the whole scenario, in order of time."""
    usual = itertools.takewhile(
        lambda planned: planned.at < scene.scenario.ends, traffic(scene.people, scene.scenario.seed)
    )
    return heapq.merge(usual, greedy_plan(scene.scenario), attack_plan(scene.scenario))


class Performance:
    """One run of a scenario."""

    def __init__(
        self, scene: Scene, watch: Watch, *, narrator: Narrator, operator: Operator, receiver: Receiver
    ) -> None:
        self._scene = scene
        self._watch = watch
        self._narrator = narrator
        self._operator = operator
        self._receiver = receiver
        self._gateway = address_of(scene.urls["proxy"])
        self._shop = address_of(scene.urls["upstream"])
        self._driver = Driver(self._gateway, scene.clock, connections=CONNECTIONS)
        self._played: list[tuple[Act, float, float]] = []  # act, begun, ended: seconds since 1970
        self._phase = "learning"
        self._decided: Decided | None = None

    async def run(self) -> Results:
        """Play it all and measure."""
        loop = asyncio.get_running_loop()
        started, began = loop.time(), self._scene.clock()
        scenario = self._scene.scenario
        cast = Cast(
            people=(*self._scene.people, scenario.greedy, *scenario.attackers.everybody),
            authority=f"{self._gateway.host}:{self._gateway.port}",
            label_of=scenario.label_of,
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(self._driver.serve(), name="driver")
            beside: list[Coroutine[object, object, None]] = [self._watch.follow(), self._tick(started)]
            watching = [group.create_task(work) for work in beside]
            acting = group.create_task(self._act(started), name="acts")
            reviewing = group.create_task(self._review(began), name="operator")
            await play(self._driver, whole_plan(self._scene), cast, started)
            await acting
            await reviewing
            self._driver.finish()
            for task in watching:
                task.cancel()
        return await self._results(self._scene.clock() - began)

    async def _act(self, started: float) -> None:
        for act in self._scene.scenario.acts:
            await sleep_until(started + act.starts)
            self._phase = act.kind
            self._narrator.loud(f"  now: {act.what}")
            if act.kind in FAULTS:
                await switch(*self._shop, Fault(act.slow_factor, act.error_share))
            begun = self._scene.clock()
            await sleep_until(started + act.ends)
            if act.kind in FAULTS:
                await switch(*self._shop, HEALTHY)
            self._played.append((act, begun, self._scene.clock()))
            self._phase = "quiet"

    async def _review(self, began: float) -> None:
        stuffing, scan, back = self._scene.scenario.acts[-3:]
        moments = Moments(
            begins=began + stuffing.starts,
            covers=began + stuffing.ends,
            decides=began + scan.ends,
            latest=began + back.starts - LATEST_APPROVAL_S,
        )
        self._decided = await self._operator.work("deny-stuffers", moments)

    async def _tick(self, started: float) -> None:
        told = 0
        for second in itertools.count(1):
            await sleep_until(started + second)
            recent = self._driver.sent[told:]
            told += len(recent)
            phase = self._phase
            if phase == "learning":
                phase = f"learning {max(0, round(LEARNING_S - second))}"
            self._narrator.tick(line_of(second, phase, figures_of(recent)))

    async def _results(self, took_s: float) -> Results:
        scenario, sent = self._scene.scenario, self._driver.sent
        happened = tuple(
            happened_of(act, (begun, ended), sent, scenario) for act, begun, ended in self._played
        )
        outcome = await self._outcome(happened)
        await self._watch.look()
        seen = list(self._watch.seen.values())
        measured = tuple(each for each in happened if each.act.kind in KIND_OF)
        found = tuple(finding_of(each, seen) for each in measured)
        return Results(
            happened=measured,
            found=found,
            mitigation=mitigation_of(
                sent,
                happened[0].onset,
                usual_top=scenario.usual_top,
                answered=answer_to(happened[0], await self._watch.overlays()),
            ),
            refused=refused_of(sent),
            telemetry=await self._watch.account(self._driver.begun, PATIENCE_S),
            others=len(others(seen, happened)),
            outcome=outcome,
            alerts=alerts_of(found, self._receiver.received, self._receiver.refused),
            seed=scenario.seed,
            took_s=took_s,
        )

    async def _outcome(self, happened: Sequence[Happened]) -> Outcome:
        """What the approval came to: the attackers of the last act, everybody else, the gateway's account."""
        sent, decided, back = self._driver.sent, self._decided, happened[-1]
        returned = returned_of(sent, back.identities, back.onset)
        if decided is None or decided.reviewed.approval is None:
            return Outcome(math.inf, None, returned, None, Harm(0, 0))
        about, since = decided.reviewed.recommendation, decided.reviewed.approval.decided_at
        # The account is made anew every ten seconds: one that holds half of the act is told.
        realised = await self._operator.account(
            about.id, back.onset + RETURN_S / 2.0, patience_s=ACCOUNT_PATIENCE_S
        )
        ready_s = decided.ready_at - next(each.onset for each in happened if each.act.kind == STUFFING)
        return Outcome(ready_s, decided, returned, realised, harm_of(sent, about.route, since))


def happened_of(act: Act, spell: tuple[float, float], sent: list[Sent], scenario: Scenario) -> Happened:
    """An act as it was played; its onset is its first anomalous request."""
    begun, ended = spell
    if act.kind == "greedy client":
        onset = min((each.at for each in sent if each.label == GREEDY_LABEL), default=begun)
        return Happened(act, onset, ended, frozenset((scenario.greedy.identity,)))
    if act.kind not in FAULTS:
        onset = min(
            (each.at for each in sent if each.label == ATTACK_LABEL and each.at >= begun), default=begun
        )
        return Happened(act, onset, ended, scenario.attackers.of(act.kind))
    onset = min((each.at for each in sent if each.at >= begun), default=begun)
    return Happened(act, onset, ended)


async def sleep_until(moment: float) -> None:
    """Sleep until a time of the event loop's clock."""
    await asyncio.sleep(max(0.0, moment - asyncio.get_running_loop().time()))


def tell_finding(narrator: Narrator) -> Callable[[Seen], None]:
    """Tells findings as they are seen."""

    def tell(seen: Seen) -> None:
        finding = seen.finding
        narrator.loud(f"  found: {finding.summary} ({finding.kind}, {finding.severity})")

    return tell
