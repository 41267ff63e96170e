"""The demo's plot, drawn from a seed: what goes wrong, when, how hard, and by whom."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from lab.attacks import (
    ATTACK_S,
    RETURN_S,
    Attackers,
    AttackKind,
    draw_attackers,
    return_plan,
    scan_plan,
    stuffing_plan,
)
from lab.population import GREEDY, Identity, Kind, draw_address, versioned
from lab.record import ATTACK_LABEL, GREEDY_LABEL, LEGITIMATE, Label
from lab.shop_store import ORDERS, PRODUCTS, WORDS
from lab.traffic import Planned

EventKind = Literal["greedy client", "slow upstream", "error burst"] | AttackKind

FAULTS: tuple[EventKind, ...] = (
    "slow upstream",
    "error burst",
)  # of the shop; all else is somebody's traffic

LEARNING_S = 32.0
GREEDY_S = 12.0
FAULT_S = 10.0
GAP_S = 5.0
TAIL_S = 2.5
JITTER_S = 0.8  # onsets do not fall on whole seconds

# Ranges that a seed draws from.
GREEDY_FACTOR = (15.0, 40.0)  # times the usual top rate
GREEDY_RATE = (60.0, 260.0)  # requests per second: what two cores bear
SLOW_FACTOR = (3.0, 10.0)
ERROR_SHARE = (0.3, 0.8)

TOP_WINDOW_S = 10.0

CALLED: dict[Kind, str] = {
    "browser": "browser",
    "app": "mobile app",
    "office": "whole office",
    "crawler": "crawler",
    "partner": "partner's program",
}


class Act(msgspec.Struct, frozen=True):
    """One thing that goes wrong: `starts` and `ends` in seconds of traffic; `what` tells it to people."""

    kind: EventKind
    starts: float
    ends: float
    what: str
    rate: float = 0.0  # greedy client and attacks: requests per second
    slow_factor: float = 1.0
    error_share: float = 0.0


class Scenario(msgspec.Struct, frozen=True):
    """The whole plot. `greedy` is who is greedy: an identity of the people or somebody new.

    In the cast the greedy one comes after the people, and the attackers after that.

    `usual_top` is the highest rate (requests per second over 10 s) of any legitimate identity
    while learning: what a single client may send without being unusual.
    """

    seed: int
    acts: tuple[Act, ...]
    greedy: Identity
    greedy_path: str
    attackers: Attackers
    usual_top: float
    ends: float

    def label_of(self, identity: str, at: float) -> Label:
        """Who sends at a time: attackers never are legitimate, a known identity not while it is greedy."""
        if identity in self.attackers.identities:
            return ATTACK_LABEL
        act = self.acts[0]
        if identity == self.greedy.identity and act.starts <= at < act.ends:
            return GREEDY_LABEL
        return LEGITIMATE


def usual_top_of(plan: Iterable[Planned], until: float) -> float:
    """Highest rate over 10 s of any identity before `until`, in requests per second."""
    counts: Counter[tuple[int, int]] = Counter()
    for planned in plan:
        if planned.at >= until:
            break
        counts[planned.who, int(planned.at / TOP_WINDOW_S)] += 1
    return max(counts.values(), default=0) / TOP_WINDOW_S


def draw_scenario(seed: int, people: tuple[Identity, ...], plan: Iterable[Planned]) -> Scenario:
    """The plot of a seed; `plan` is the legitimate traffic, of which the learning part is read."""
    draw = random.Random(f"scenario:{seed}")
    usual_top = usual_top_of(plan, LEARNING_S)
    rate = min(max(draw.uniform(*GREEDY_FACTOR) * usual_top, GREEDY_RATE[0]), GREEDY_RATE[1])
    greedy = draw_greedy(draw, people)
    path = draw.choice(
        ("/products/{product}", "/search?q={word}", "/orders/{order}", "/products?page={page}")
    )
    is_new = greedy.number >= len(people)
    whom = "a client that is new" if is_new else f"a {CALLED[greedy.kind]} that was here before"
    route = path.partition("?")[0].partition("{")[0].rstrip("/")
    starts = LEARNING_S + draw.uniform(0.0, JITTER_S)
    first = Act(
        kind="greedy client",
        starts=starts,
        ends=starts + GREEDY_S,
        what=f"{whom}, {greedy.identity}, asks for {route} {rate:.0f} times a second",
        rate=rate,
    )
    faults = draw_faults(draw, first.ends)
    taken = {greedy.identity, *(each.identity for each in people)}
    attackers = draw_attackers(seed, taken, len(people) + 1)
    acts = (first, *faults, *draw_attacks(draw, attackers, faults[-1].ends))
    return Scenario(
        seed=seed,
        acts=acts,
        greedy=greedy,
        greedy_path=path,
        attackers=attackers,
        usual_top=usual_top,
        ends=acts[-1].ends + TAIL_S,
    )


def draw_faults(draw: random.Random, after: float) -> tuple[Act, Act]:
    """The upstream slows down, and then fails, each after a quiet gap."""
    slow_factor, error_share = draw.uniform(*SLOW_FACTOR), draw.uniform(*ERROR_SHARE)
    slow = after + GAP_S + draw.uniform(0.0, JITTER_S)
    failing = slow + FAULT_S + GAP_S + draw.uniform(0.0, JITTER_S)
    return (
        Act(
            kind="slow upstream",
            starts=slow,
            ends=slow + FAULT_S,
            what=f"the shop takes {slow_factor:.1f} times as long",
            slow_factor=slow_factor,
        ),
        Act(
            kind="error burst",
            starts=failing,
            ends=failing + FAULT_S,
            what=f"{error_share:.0%} of the shop's answers fail",
            error_share=error_share,
        ),
    )


def draw_attacks(draw: random.Random, attackers: Attackers, after: float) -> tuple[Act, Act, Act]:
    """Stolen passwords, a scanner, and the stolen passwords again, each after a quiet gap."""
    stuffing = after + GAP_S + draw.uniform(0.0, JITTER_S)
    scan = stuffing + ATTACK_S + GAP_S + draw.uniform(0.0, JITTER_S)
    back = scan + ATTACK_S + GAP_S + draw.uniform(0.0, JITTER_S)
    return (
        Act(
            kind="credential stuffing",
            starts=stuffing,
            ends=stuffing + ATTACK_S,
            what=f"{len(attackers.stuffers)} addresses try stolen passwords at /login,"
            f" {attackers.stuffing_rate:.0f} a second in all",
            rate=attackers.stuffing_rate,
        ),
        Act(
            kind="vulnerability scan",
            starts=scan,
            ends=scan + ATTACK_S,
            what=f"a scanner, {attackers.scanner.identity}, looks for /.env, /backup.zip and the like"
            f" {attackers.scan_rate:.0f} times a second",
            rate=attackers.scan_rate,
        ),
        Act(
            kind="stuffing comes back",
            starts=back,
            ends=back + RETURN_S,
            what=f"the {len(attackers.stuffers)} addresses are at /login again",
            rate=attackers.stuffing_rate,
        ),
    )


def attack_plan(scenario: Scenario) -> Iterator[Planned]:
    """The attackers' requests, in order of time."""
    stuffing, scan, back = scenario.acts[-3:]
    yield from stuffing_plan(scenario.attackers, scenario.seed, stuffing.starts)
    yield from scan_plan(scenario.attackers, scenario.seed, scan.starts)
    yield from return_plan(scenario.attackers, scenario.seed, back.starts)


def draw_greedy(draw: random.Random, people: tuple[Identity, ...]) -> Identity:
    """Who becomes greedy: every other time somebody who was here before, else somebody new."""
    if draw.random() < 0.5:
        return draw.choice([each for each in people if each.kind in ("browser", "app", "partner")])
    identity, address = draw_address(draw, {each.identity for each in people})
    return Identity(
        number=len(people),
        kind="partner",
        identity=identity,
        address=address,
        key="",
        consumer="",
        user_agent=versioned(draw, draw.choice(GREEDY)),
        activity=1.0,
    )


def greedy_plan(scenario: Scenario) -> Iterator[Planned]:
    """The greedy client's requests: a Poisson stream at its rate, on its route."""
    draw = random.Random(f"greedy:{scenario.seed}")
    act = scenario.acts[0]
    now = act.starts
    while now < act.ends:
        path = scenario.greedy_path.format(
            product=draw.randint(1, PRODUCTS),
            order=draw.randint(1, ORDERS),
            page=draw.randrange(20),
            word=draw.choice(WORDS),
        )
        yield Planned(now, scenario.greedy.number, "GET", path, b"")
        now += draw.expovariate(act.rate)
