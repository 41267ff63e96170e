"""The seeded generator: an endless, reproducible stream of requests shaped like real traffic.

Each identity alternates between absence and sessions. A session is a walk over pages with
lognormal think times; a page is a burst of several requests at once. All identities breathe with
one tide, a slow compressed day times a correlated noise, so that arrivals are overdispersed also
beyond single pages. The stream of one identity depends on nothing but (seed, identity, time):
more identities or another horizon do not change it.
"""

import heapq
import json
import math
import random
from collections.abc import Iterator
from typing import NamedTuple

from lab.population import Identity
from lab.shop_store import ORDERS, PRODUCTS, USERS, WORDS, password_of

DAY_S = 240.0  # a day, compressed
DAY_SWING = 0.2
NOISE_STEP_S = 3.0
NOISE_SIGMA = 0.18
INTENSITY_CAP = 2.0  # for thinning; the tide stays below
WARM_UP_S = 90.0  # sessions under way when the stream begins
THINK_S = (3.2, 0.8)  # median and sigma of log


# Sessions per second of an identity of activity 1, chosen so that the census sends about
# 180 requests a second in all (measured over 40 seeds: 144 to 234, by 448 to 567 identities).
SESSIONS_PER_S = {"browser": 1 / 200, "app": 1 / 110, "office": 1 / 8, "crawler": 1 / 20, "partner": 1 / 24}


class Planned(NamedTuple):
    """A request to come: `at` in seconds from the stream's start, `who` an index into the people."""

    at: float
    who: int
    method: str
    path: str
    body: bytes


class Tide:
    """The intensity that all share: a day times noise that stays for some seconds. Pure in time."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._phase = random.Random(f"tide:{seed}").random() * math.tau

    def at(self, second: float) -> float:
        """Intensity at a time, 1 on average, at most INTENSITY_CAP."""
        day = 1.0 + DAY_SWING * math.sin(math.tau * second / DAY_S + self._phase)
        step, part = divmod(second / NOISE_STEP_S, 1.0)
        noise = (1.0 - part) * self._knot(int(step)) + part * self._knot(int(step) + 1)
        return min(day * math.exp(NOISE_SIGMA * noise), INTENSITY_CAP)

    def _knot(self, step: int) -> float:
        return random.Random(f"tide:{self._seed}:{step}").gauss(0.0, 1.0)


def traffic(people: tuple[Identity, ...], seed: int) -> Iterator[Planned]:
    """All requests of all people from time 0 on, in order of time, without end."""
    tide = Tide(seed)
    streams = [stream_of(person, tide, seed) for person in people]
    for planned in heapq.merge(*streams):
        if planned.at >= 0.0:
            yield planned


def stream_of(person: Identity, tide: Tide, seed: int) -> Iterator[Planned]:
    """One identity's requests, in order of time. An office is many people, so its sessions overlap."""
    draw = random.Random(f"traffic:{seed}:{person.number}")
    rate = SESSIONS_PER_S[person.kind]
    if person.kind in ("browser", "app", "partner"):
        rate *= person.activity
    pending: list[Planned] = []
    now = -WARM_UP_S
    while True:
        now += draw.expovariate(rate * INTENSITY_CAP)
        if draw.random() * INTENSITY_CAP > tide.at(now):
            continue
        while pending and pending[0].at <= now:
            yield heapq.heappop(pending)
        for planned in session(person, now, draw):
            heapq.heappush(pending, planned)


def session(person: Identity, start: float, draw: random.Random) -> Iterator[Planned]:
    """The requests of one session."""
    if person.kind == "app":
        return polling(person, start, draw)
    if person.kind == "crawler":
        return crawling(person, start, draw)
    if person.kind == "partner":
        return batch(person, start, draw)
    return visit(person, start, draw)


def think(draw: random.Random) -> float:
    """Seconds between two pages."""
    median, sigma = THINK_S
    return min(draw.lognormvariate(math.log(median), sigma), 40.0)


def visit(person: Identity, start: float, draw: random.Random) -> Iterator[Planned]:
    """A browser: a landing page with its scripts, then a walk; some log in and order."""
    who, now = person.number, start
    user = f"user{(person.number * 7 + draw.randrange(3)) % USERS}"
    yield from page_load(who, now, f"/products?page={draw.randrange(20)}", 3 + draw.randrange(4), draw)
    bound = draw.random() < 0.25  # buyers
    pages = 1 + min(int(draw.lognormvariate(1.1, 0.75)), 30)
    for _ in range(pages):
        now += think(draw)
        searches = draw.random() < 0.22
        path = f"/search?q={draw.choice(WORDS)}" if searches else f"/products/{product(draw)}"
        yield from page_load(who, now, path, int(draw.expovariate(0.5)), draw)
    if not bound:
        return
    now += think(draw)
    yield login(who, now, user, draw)
    now += think(draw)
    line = {"product": product(draw), "amount": draw.randint(1, 3), "user": user}
    yield Planned(now, who, "POST", "/cart", json.dumps(line).encode())
    now += think(draw)
    yield Planned(now, who, "POST", "/orders", json.dumps(line).encode())
    yield Planned(now + 0.3, who, "GET", f"/orders/{draw.randint(1, ORDERS)}", b"")


def page_load(who: int, now: float, path: str, extras: int, draw: random.Random) -> Iterator[Planned]:
    """A page and what it pulls in, within some hundred milliseconds."""
    yield Planned(now, who, "GET", path, b"")
    at = now + 0.03
    for _ in range(min(extras, 8)):
        at += draw.expovariate(25.0)
        if draw.random() < 0.6:
            yield Planned(at, who, "GET", f"/static/app{draw.randrange(9)}.js", b"")
        else:
            yield Planned(at, who, "GET", f"/products/{product(draw)}", b"")


def login(who: int, now: float, user: str, draw: random.Random) -> Planned:
    """A login; one in twenty-five has a wrong password."""
    password = password_of(user) if draw.random() > 0.04 else "sals"
    return Planned(now, who, "POST", "/login", json.dumps({"user": user, "password": password}).encode())


def product(draw: random.Random) -> int:
    """A product's id: popularity by Zipf's law; one in a hundred is gone."""
    if draw.random() < 0.01:
        return PRODUCTS + draw.randint(1, 50)
    return min(int(PRODUCTS ** draw.random()), PRODUCTS)


def polling(person: Identity, start: float, draw: random.Random) -> Iterator[Planned]:
    """A mobile app: opens with a few calls, then polls an order while it is in front."""
    who, now = person.number, start
    order = draw.randint(1, ORDERS)
    yield from page_load(who, now, f"/products?page={draw.randrange(3)}", 2, draw)
    period = draw.uniform(1.6, 4.0)
    for _ in range(int(draw.lognormvariate(2.2, 0.6))):
        now += period * draw.uniform(0.9, 1.1)
        yield Planned(now, who, "GET", f"/orders/{order}", b"")
        if draw.random() < 0.15:
            yield Planned(now + 0.05, who, "GET", f"/products/{product(draw)}", b"")


def crawling(person: Identity, start: float, draw: random.Random) -> Iterator[Planned]:
    """A crawler: one page after the other, politely, dead links included."""
    who, now = person.number, start
    number = draw.randrange(PRODUCTS)
    for step in range(draw.randint(10, 40)):
        yield Planned(now, who, "GET", f"/products/{(number + step) % (PRODUCTS + 6) + 1}", b"")
        now += draw.lognormvariate(-0.2, 0.5)


def batch(person: Identity, start: float, draw: random.Random) -> Iterator[Planned]:
    """A partner's job: orders or prices in a row, now and then a report."""
    who, now = person.number, start
    if draw.random() < 0.12:
        yield Planned(now, who, "GET", f"/reports/{draw.choice(('sales', 'stock', 'tax'))}", b"")
        now += 0.5
    number = draw.randint(1, ORDERS)
    kind = "orders" if draw.random() < 0.6 else "products"
    most = ORDERS if kind == "orders" else PRODUCTS
    for step in range(draw.randint(4, 14)):
        now += draw.expovariate(2.2)
        yield Planned(now, who, "GET", f"/{kind}/{(number + step) % most + 1}", b"")
