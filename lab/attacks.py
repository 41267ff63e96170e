"""The attacks of the demo, drawn from the seed: stolen passwords from many addresses, and a scanner.

They leave the legitimate traffic as it is: everybody who takes part is new, and never legitimate. The
stolen passwords come twice, from the same addresses: what was approved in between is measured then.
"""

import itertools
import json
import math
import random
from collections.abc import Iterator
from typing import Literal

import msgspec

from lab.population import Identity, draw_address, draw_user_agent, versioned
from lab.shop_store import USERS, password_of
from lab.traffic import Planned

AttackKind = Literal["credential stuffing", "vulnerability scan", "stuffing comes back"]

ATTACK_S = 10.0
RETURN_S = 8.0  # the second wave
NEXT_NAME = 5_000  # of its list: beyond what the first wave reaches
STUFFERS = 200
STUFFING_RATE = (35.0, 60.0)  # requests per second, of all addresses together
SUCCESSES = (1, 3)  # stolen passwords that still open an account here
SCAN_RATE = (10.0, 25.0)
LURKING_RATE = 3.0  # of the scanner while the demo stays up

# What a list of stolen accounts looks like: hardly a name is a customer of this shop.
NAMES = ("anna", "ben", "carla", "dev", "elif", "felix", "grace", "hugo", "ines", "jonas", "kim", "lea")
SCANNERS = ("Mozilla/5.0 zgrab/0.x", "python-requests/2.3{minor}", "curl/8.{minor}.0", "Go-http-client/1.1")
# A scanner's word list. /login, /cart and /orders are there, but not for GET: the gateway answers 405.
WRONG_METHOD = ("/login", "/cart", "/orders")
STEMS = ("admin", "backup", "config", "db", "dump", "test", "old", "wp-login", "phpinfo", "shell", "setup")
ENDINGS = (".php", ".zip", ".sql", ".bak", ".tar.gz", "/", ".yml", "~")
DOTTED = ("/.env", "/.git/config", "/.git/HEAD", "/.aws/credentials", "/.svn/entries", "/.DS_Store")
# Below the shop's own paths: the gateway has routes for these, so that a denial is what answers them.
BELOW = tuple(f"/{where}/{stem}.php" for where in ("products", "orders") for stem in STEMS)
WORD_LIST = (*DOTTED, *WRONG_METHOD, *(f"/{stem}{ending}" for stem in STEMS for ending in ENDINGS), *BELOW)


class Attackers(msgspec.Struct, frozen=True):
    """Who attacks, and how hard. The rates are requests per second; `successes` accounts are opened."""

    stuffers: tuple[Identity, ...]
    scanner: Identity
    identities: frozenset[str]
    stuffing_rate: float
    successes: int
    scan_rate: float

    @property
    def everybody(self) -> tuple[Identity, ...]:
        """All of them in order of their numbers."""
        return (*self.stuffers, self.scanner)

    def of(self, kind: str) -> frozenset[str]:
        """Who takes part in an act of a kind: nobody, unless it is one of the attacks."""
        if kind in ("credential stuffing", "stuffing comes back"):
            return frozenset(each.identity for each in self.stuffers)
        return frozenset((self.scanner.identity,) if kind == "vulnerability scan" else ())


def draw_attackers(seed: int, taken: set[str], first: int) -> Attackers:
    """The attackers of a seed, whose identities nobody has; their numbers begin at `first`."""
    draw = random.Random(f"attackers:{seed}")
    stuffers = tuple(
        newcomer(draw, taken, first + place, draw_user_agent(draw, "browser", place))
        for place in range(STUFFERS)
    )
    scanner = newcomer(draw, taken, first + STUFFERS, versioned(draw, draw.choice(SCANNERS)))
    scanner = msgspec.structs.replace(scanner, kind="partner")  # sends a program's head fields
    return Attackers(
        stuffers=stuffers,
        scanner=scanner,
        identities=frozenset(each.identity for each in (*stuffers, scanner)),
        stuffing_rate=draw.uniform(*STUFFING_RATE),
        successes=draw.randint(*SUCCESSES),
        scan_rate=draw.uniform(*SCAN_RATE),
    )


def newcomer(draw: random.Random, taken: set[str], number: int, user_agent: str) -> Identity:
    """Somebody new; adds the identity to `taken`."""
    identity, address = draw_address(draw, taken)
    return Identity(
        number=number,
        kind="browser",
        identity=identity,
        address=address,
        key="",
        consumer="",
        user_agent=user_agent,
        activity=1.0,
    )


def stuffing_plan(attackers: Attackers, seed: int, starts: float) -> Iterator[Planned]:
    """Logins of the stolen list, one for each name, the addresses in turn but shuffled each round."""
    draw = random.Random(f"stuffing:{seed}")
    return logins(attackers, draw, list(arrivals(draw, attackers.stuffing_rate, starts, ATTACK_S)))


def return_plan(attackers: Attackers, seed: int, starts: float) -> Iterator[Planned]:
    """The same addresses again, with names that they have not tried yet."""
    draw = random.Random(f"return:{seed}")
    tries = list(arrivals(draw, attackers.stuffing_rate, starts, RETURN_S))
    return logins(attackers, draw, tries, first=NEXT_NAME)


def logins(
    attackers: Attackers, draw: random.Random, tries: list[float], *, first: int = 0
) -> Iterator[Planned]:
    """A login at each of the times; some of the passwords are right. Names are numbered from `first`."""
    opened = dict(zip(draw.sample(range(len(tries)), attackers.successes), accounts(draw), strict=False))
    turns: list[int] = []
    for place, at in enumerate(tries):
        if not turns:
            turns = draw.sample(range(len(attackers.stuffers)), len(attackers.stuffers))
        who = attackers.stuffers[turns.pop()].number
        name = f"{draw.choice(NAMES)}{first + place:04d}"
        user, password = opened.get(place, (name, f"{name}{draw.randrange(100)}!"))
        body = json.dumps({"user": user, "password": password}).encode()
        yield Planned(at, who, "POST", "/login", body)


def accounts(draw: random.Random) -> Iterator[tuple[str, str]]:
    """Customers of the shop with their passwords, each once."""
    for number in draw.sample(range(USERS), USERS):
        yield f"user{number}", password_of(f"user{number}")


def scan_plan(attackers: Attackers, seed: int, starts: float) -> Iterator[Planned]:
    """A scanner's way through its word list, in an order of its own."""
    draw = random.Random(f"scan:{seed}")
    words = itertools.cycle(draw.sample(WORD_LIST, len(WORD_LIST)))
    for at, path in zip(arrivals(draw, attackers.scan_rate, starts, ATTACK_S), words, strict=False):
        yield Planned(at, attackers.scanner.number, "GET", path, b"")


def lurking_plan(attackers: Attackers, seed: int) -> Iterator[Planned]:
    """The scanner again, at a gentle pace and without end, below the shop's own paths, from time 0 on."""
    draw = random.Random(f"lurking:{seed}")
    words = itertools.cycle(draw.sample(BELOW, len(BELOW)))
    for at, path in zip(arrivals(draw, LURKING_RATE, 0.0, math.inf), words, strict=False):
        yield Planned(at, attackers.scanner.number, "GET", path, b"")


def arrivals(draw: random.Random, rate: float, starts: float, lasts_s: float) -> Iterator[float]:
    """A Poisson stream from `starts` on, so long."""
    now = starts
    while now < starts + lasts_s:
        yield now
        now += draw.expovariate(rate)
