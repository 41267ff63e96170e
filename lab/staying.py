"""After the table: ordinary traffic goes on, and the scanner at a gentle pace, until the demo is stopped."""

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import Coroutine, Iterator

from lab.attacks import LURKING_RATE, lurking_plan
from lab.demo import CONNECTIONS, Scene, address_of
from lab.driver import Cast, Driver, play
from lab.narrator import Figures, Narrator, figures_of, line_of
from lab.record import Label
from lab.traffic import Planned, traffic


async def keep_going(scene: Scene, narrator: Narrator, stop: asyncio.Event) -> None:
    """Send until told to stop."""
    gateway = address_of(scene.urls["proxy"])
    driver = Driver(gateway, scene.clock, connections=CONNECTIONS)
    scenario = scene.scenario

    def label_of(identity: str, at: float) -> Label:
        return scenario.label_of(identity, at + scenario.ends)

    people = (*scene.people, scenario.greedy, *scenario.attackers.everybody)
    cast = Cast(people, f"{gateway.host}:{gateway.port}", label_of)
    started = asyncio.get_running_loop().time()
    work: list[Coroutine[object, object, None]] = [
        driver.serve(),
        play(driver, plan_of(scene), cast, started),
        forget(driver, narrator),
    ]
    tasks = [asyncio.create_task(each) for each in work]
    stopping = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    for task in (stopping, *tasks):
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(stopping, *tasks)


def plan_of(scene: Scene) -> Iterator[Planned]:
    """What follows the scenario, without end, from time 0 on."""
    scenario = scene.scenario
    usual = (
        planned._replace(at=planned.at - scenario.ends)
        for planned in traffic(scene.people, scenario.seed)
        if planned.at >= scenario.ends
    )
    return heapq.merge(usual, lurking_plan(scenario.attackers, scenario.seed))


async def forget(driver: Driver, narrator: Narrator) -> None:
    """Tell and drop what was sent, so that a demo that stays up does not grow."""
    lurking = Lurking(narrator)
    for second in itertools.count(1):
        await asyncio.sleep(1.0)
        figures = figures_of(driver.sent)
        lurking.look(figures)
        if narrator.console.is_terminal:
            narrator.tick(line_of(second, "staying up", figures))
        driver.sent.clear()


class Lurking:
    """Says when the scanner is refused from now on, and when it is let through again."""

    def __init__(self, narrator: Narrator) -> None:
        self._narrator = narrator
        self._is_refused = False

    def look(self, figures: Figures) -> None:
        """The figures of a second; one without an attack says nothing."""
        is_refused = figures.attacks_refused == figures.attacks
        if not figures.attacks or is_refused == self._is_refused:
            return
        self._is_refused = is_refused
        what = "refused from now on" if is_refused else "let through again"
        self._narrator.loud(f"  the scanner is {what} (it sends {LURKING_RATE:g} requests/s)")
