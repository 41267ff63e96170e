"""Who calls the shop: identities drawn from a seed, as unequal as real ones.

Shares and shapes follow what public logs show: most identities are browsers with a visit or two,
activity is lognormal (sigma about 1, so that a percent of the identities sends a tenth of the
requests), a few addresses stand for many people (an office behind NAT), some clients poll,
a crawler walks, and a few consumers with API keys work in batches.
"""

import hashlib
import ipaddress
import random
from typing import Literal

import msgspec

from kernel.addresses import identity_of_address, parse_address

Kind = Literal["browser", "app", "office", "crawler", "partner"]

CENSUS: dict[Kind, int] = {"browser": 900, "app": 140, "office": 5, "crawler": 2, "partner": 24}
SIGMA = 1.0  # of log activity
MOST = 8.0  # cap on activity, in medians: no browser is an office

# Shares of user agents; versions vary, so that the dictionary has a tail as real ones do.
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
BROWSERS: tuple[tuple[str, float], ...] = (
    (f"{WINDOWS} {WEBKIT} Chrome/{{major}}.0.0.0 Safari/537.36", 0.38),
    (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Chrome/{{major}}.0.0.0 Safari/537.36", 0.12),
    (
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_{{minor}} like Mac OS X) {WEBKIT} Mobile/15E148",
        0.2,
    ),
    (f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/{{major}}.0.0.0 Mobile Safari/537.36", 0.16),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:{major}.0) Gecko/20100101 Firefox/{major}.0", 0.07),
    (f"{WINDOWS} {WEBKIT} Chrome/{{major}}.0.0.0 Safari/537.36 Edg/{{major}}.0.0.0", 0.07),
)
APPS = (
    "SailShop/5.{minor} (iOS 18.{minor}; iPhone)",
    "SailShop/5.{minor} (Android 15; Pixel)",
    "okhttp/4.12.{minor}",
)
CRAWLERS = (
    "Mozilla/5.0 (compatible; HarbourBot/2.1; +http://harbour.example/bot)",
    "Mozilla/5.0 (compatible; TideCrawler/1.0; +http://tide.example)",
)
PARTNERS = (
    "python-httpx/0.2{minor}",
    "Go-http-client/1.1",
    "axios/1.{minor}.0",
    "Java/21.0.{minor}",
    "okhttp/4.12.{minor}",
)
GREEDY = ("python-requests/2.3{minor}", "curl/8.{minor}.0", "Go-http-client/1.1", BROWSERS[0][0])


class Identity(msgspec.Struct, frozen=True):
    """One client. `identity` is the name that the gateway gives it; `activity` is 1 at the median."""

    number: int
    kind: Kind
    identity: str
    address: str
    key: str  # API key; empty where it has none
    consumer: str
    user_agent: str
    activity: float


class Key(msgspec.Struct, frozen=True):
    """A consumer of the demo and the digest of its key, as the policy wants them."""

    consumer: str
    sha256: str


def draw_population(seed: int, census: dict[Kind, int] | None = None) -> tuple[Identity, ...]:
    """The clients of a seed: the same seed gives the same clients."""
    draw = random.Random(f"population:{seed}")
    taken: set[str] = set()
    people: list[Identity] = []
    for kind, count in (census or CENSUS).items():
        for index in range(count):
            people.append(draw_identity(draw, len(people), kind, index, taken=taken))
    return tuple(people)


def draw_identity(draw: random.Random, number: int, kind: Kind, index: int, *, taken: set[str]) -> Identity:
    """One client whose identity nobody else has."""
    identity, address = draw_address(draw, taken)
    consumer = f"partner-{index:02d}" if kind == "partner" else ""
    return Identity(
        number=number,
        kind=kind,
        identity=f"consumer:{consumer}" if consumer else identity,
        address=address,
        key=f"tg_{draw.getrandbits(128):032x}" if consumer else "",
        consumer=consumer,
        user_agent=draw_user_agent(draw, kind, index),
        activity=min(draw.lognormvariate(0.0, SIGMA), MOST),
    )


def draw_address(draw: random.Random, taken: set[str]) -> tuple[str, str]:
    """(identity, address) of somebody new: four in five come by IPv4.

    Only documentation and benchmark networks: 198.18.0.0/15 (RFC 2544) and 2001:db8::/32 (RFC 3849).
    """
    while True:
        if draw.random() < 0.8:
            text = str(ipaddress.IPv4Address(int(ipaddress.IPv4Address("198.18.0.0")) + draw.getrandbits(17)))
        else:
            text = str(ipaddress.IPv6Address((0x20010DB8 << 96) | draw.getrandbits(96)))
        parsed = parse_address(text)
        if parsed is None:
            continue
        identity = identity_of_address(parsed)
        if identity not in taken:
            taken.add(identity)
            return identity, text


def draw_user_agent(draw: random.Random, kind: Kind, index: int) -> str:
    """A user agent of that kind of client."""
    if kind in ("browser", "office"):
        (text,) = draw.choices([each for each, _ in BROWSERS], [share for _, share in BROWSERS])
    elif kind == "app":
        text = draw.choice(APPS)
    elif kind == "crawler":
        text = CRAWLERS[index % len(CRAWLERS)]
    else:
        text = draw.choice(PARTNERS)
    return versioned(draw, text)


def versioned(draw: random.Random, text: str) -> str:
    """A version number filled in: recent ones are the most usual."""
    age = min(int(draw.expovariate(0.6)), 12)
    return text.format(major=142 - age, minor=max(0, 7 - age % 8))


def keys_of(people: tuple[Identity, ...]) -> tuple[Key, ...]:
    """Consumers and digests for the policy."""
    return tuple(
        Key(each.consumer, hashlib.sha256(each.key.encode()).hexdigest()) for each in people if each.consumer
    )
