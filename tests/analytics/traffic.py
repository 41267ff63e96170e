"""Synthetic requests with planted anomalies, as columns, windows, and rows of the warehouse."""

import hashlib
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from analytics.ingest import Signs, to_windows
from analytics.windows import Window
from kernel.events import EventRow, LedgerRow
from tests.warehouse.event_rows import row
from warehouse.readers import to_table
from warehouse.readers_analytics import CellColumns, LoginColumns, MixColumns, ProbeColumns, RouteColumns

START = 1_790_000_040  # a whole minute
ROUTES = ("orders", "products", "search")
UPSTREAM_US = {"orders": 12_000.0, "products": 8_000.0, "search": 25_000.0}
QUIET_S = 40


class Request(NamedTuple):
    """One request; `at` in seconds from START."""

    at: float
    identity: str
    route: str
    status: int
    upstream_us: int
    own_us: int
    upstream: str = "shop"
    decision: str = "allowed"
    subject: str = ""
    success: int = -1
    path: str = "/"
    agent: int = -1  # kind of client; -1: by its identity


def quiet(
    seed: int = 1, *, seconds: float = QUIET_S, identities: int = 120, rate: float = 60.0
) -> list[Request]:
    """Ordinary traffic: unequal identities, pages of several requests, lognormal latencies."""
    draw = random.Random(seed)
    weights = [draw.lognormvariate(0.0, 1.0) for _ in range(identities)]
    requests: list[Request] = []
    at = 0.0
    while at < seconds:
        at += draw.expovariate(rate / 2.5)
        (who,) = draw.choices(range(identities), weights)
        identity = f"ip:10.1.{who // 250}.{who % 250}"
        requests += [ordinary(draw, at + step * 0.05, identity) for step in range(1 + draw.randrange(4))]
    return sorted(each for each in requests if each.at < seconds)


def ordinary(draw: random.Random, at: float, identity: str, route: str = "") -> Request:
    """One request that is like the others."""
    name = route or draw.choice(ROUTES)
    return Request(
        at,
        identity,
        name,
        500 if draw.random() < 0.001 else 200,
        int(UPSTREAM_US[name] * draw.lognormvariate(0.0, 0.35)),
        int(400 * draw.lognormvariate(0.0, 0.5)),
    )


def greedy(
    since: float, until: float, *, rate: float = 60.0, identity: str = "ip:203.0.113.9"
) -> list[Request]:
    """One identity that asks far too much of one route."""
    draw = random.Random(7)
    count = int((until - since) * rate)
    return [ordinary(draw, since + step / rate, identity, "products") for step in range(count)]


def slowed(requests: Iterable[Request], since: float, until: float, *, factor: float = 5.0) -> list[Request]:
    """The same, with an upstream that takes longer for a while."""
    return [
        each._replace(upstream_us=int(each.upstream_us * factor)) if since <= each.at < until else each
        for each in requests
    ]


def failing(requests: Iterable[Request], since: float, until: float, *, share: float = 0.5) -> list[Request]:
    """The same, with an upstream that fails for a while."""
    draw = random.Random(11)
    return [
        each._replace(status=502) if since <= each.at < until and draw.random() < share else each
        for each in requests
    ]


def logging_in(seed: int = 3, *, seconds: float = QUIET_S, rate: float = 1.5) -> list[Request]:
    """People who log in, each from an own address; one in twelve mistypes, and mostly tries again."""
    draw = random.Random(seed)
    requests: list[Request] = []
    at = 0.0
    while at < seconds:
        at += draw.expovariate(rate)
        who = draw.randrange(500)
        wrong = draw.random() < 0.08
        requests.append(login(at, f"ip:10.2.{who // 250}.{who % 250}", f"u{who}", success=not wrong))
    return sorted(each for each in requests if each.at < seconds)


def login(at: float, identity: str, user: str, *, success: bool) -> Request:
    """One login."""
    status = 200 if success else 401
    return Request(at, identity, "login", status, 40_000, 400, subject=user, success=int(success))


def stuffing(since: float, until: float, *, rate: float = 20.0, sources: int = 200) -> list[Request]:
    """Stolen passwords tried from many addresses, each in its turn; one in fifty is right."""
    draw = random.Random(13)
    return [
        login(
            since + step / rate,
            f"ip:198.51.{step % sources // 100}.{step % sources % 100}",
            f"stolen{step}",
            success=draw.random() < 0.02,
        )
        for step in range(int((until - since) * rate))
    ]


def flooding(since: float, until: float, *, rate: float = 90.0, agent: int = 77) -> list[Request]:
    """Many new addresses that ask for one thing, a few times each; `agent` -1: by all kinds of clients."""
    draw = random.Random(17)
    return [
        ordinary(draw, since + step / rate, f"ip:192.0.{step % 600 // 200}.{step % 200}", "search")._replace(
            agent=agent
        )
        for step in range(int((until - since) * rate))
    ]


def scanning(
    since: float, until: float, *, rate: float = 12.0, identity: str = "ip:203.0.113.66"
) -> list[Request]:
    """One identity that tries a word list; one in ten paths is there."""
    return [
        Request(
            since + step / rate, identity, "", 200 if step % 10 == 9 else 404, 9_000, 400, path=f"/w/{step}"
        )
        for step in range(int((until - since) * rate))
    ]


def hash_of(identity: str) -> int:
    """Stands for the warehouse's cityHash64 where no warehouse is asked."""
    return int.from_bytes(hashlib.blake2b(identity.encode(), digest_size=8).digest(), "little")


def windows_of(requests: Iterable[Request]) -> list[Window]:
    """As the warehouse's columns would give them."""
    by_second: dict[int, list[Request]] = defaultdict(list)
    for each in requests:
        by_second[START + math.floor(each.at)].append(each)
    cells: list[tuple[int, str, str, int, int, int]] = []
    routes: list[tuple[object, ...]] = []
    logins: list[tuple[object, ...]] = []
    probes: list[tuple[object, ...]] = []
    mixes: list[tuple[object, ...]] = []
    for second in sorted(by_second):
        cells += cells_of(second, by_second[second])
        routes += routes_of(second, by_second[second])
        logins += logins_of(second, by_second[second])
        probes += probes_of(second, by_second[second])
        mixes += mixes_of(second, by_second[second])
    return list(
        to_windows(
            to_table(CellColumns, list(zip(*cells, strict=True))),
            to_table(RouteColumns, list(zip(*routes, strict=True))),
            Signs(
                logins=to_table(LoginColumns, list(zip(*logins, strict=True))),
                probes=to_table(ProbeColumns, list(zip(*probes, strict=True))),
                mixes=to_table(MixColumns, list(zip(*mixes, strict=True))),
            ),
        )
    )


def logins_of(second: int, requests: Sequence[Request]) -> Iterator[tuple[object, ...]]:
    """Rows of logins.sql for one second."""
    for route in sorted({each.route for each in requests if each.subject}):
        tried = [each for each in requests if each.route == route and each.subject]
        failed = [each for each in tried if not each.success]
        subjects = {hash_of(each.subject) for each in failed}
        yield second, route, len(tried), len(failed), subjects, {hash_of(each.identity) for each in failed}


def mixes_of(second: int, requests: Sequence[Request]) -> Iterator[tuple[object, ...]]:
    """Rows of mixes.sql for one second."""
    for (route, mix), count in sorted(Counter((each.route, agent_of(each)) for each in requests).items()):
        yield second, route, mix, count


def agent_of(request: Request) -> int:
    """The kind of client that sent it."""
    return hash_of(request.identity) % 13 if request.agent < 0 else request.agent


def probes_of(second: int, requests: Sequence[Request]) -> Iterator[tuple[object, ...]]:
    """Rows of probes.sql for one second."""
    missed = [each for each in requests if each.status in (403, 404, 405)]
    for identity in sorted({each.identity for each in missed}):
        own = [each for each in missed if each.identity == identity]
        yield second, identity, hash_of(identity), len(own), {hash_of(each.path) for each in own}, ["GET"]


def cells_of(second: int, requests: Sequence[Request]) -> Iterator[tuple[int, str, str, int, int, int]]:
    """Rows of cells.sql for one second."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for each in requests:
        counts[each.route, each.identity] += 1
    for (route, identity), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield second, route, identity, hash_of(identity), count, 0


def routes_of(second: int, requests: Sequence[Request]) -> Iterator[tuple[object, ...]]:
    """Rows of route_windows.sql for one second."""
    by_route: dict[str, list[Request]] = defaultdict(list)
    for each in requests:
        if each.decision == "allowed":
            by_route[each.route].append(each)
    for route, asked in sorted(by_route.items()):
        upstream = sorted(thousandths(each.upstream_us) for each in asked)
        own = sorted(thousandths(each.own_us) for each in asked)
        failures = sum(each.status >= 500 for each in asked)
        moments = [
            (sum(logs), sum(each**2 for each in logs), logs[int(0.95 * len(logs))])
            for logs in (upstream, own)
        ]
        yield second, route, asked[0].upstream, len(asked), failures, len(asked), *moments[0], *moments[1]


def thousandths(microseconds: int) -> int:
    """ln microseconds in thousandths."""
    return round(math.log(max(microseconds, 1)) * 1e3)


def rows_of(tenant: str, requests: Sequence[Request], start: int) -> list[EventRow]:
    """As rows of the raw table; `start` stands for START."""
    return [
        row(
            tenant,
            number,
            ended_at=start + each.at,
            route=each.route,
            identity=each.identity,
            status=each.status,
            upstream=each.upstream,
            upstream_us=each.upstream_us,
            duration_us=each.upstream_us + each.own_us,
            decision=each.decision,
            outcome="completed" if each.decision == "allowed" else "refused",
            client_ip="::ffff:" + each.identity.removeprefix("ip:"),
            user_agent_hash=agent_of(each),
            subject_hash=hash_of(each.subject) if each.subject else 0,
            success=each.success,
            path_hash=hash_of(each.path),
        )
        for number, each in enumerate(requests, 1)
    ]


def ledger_row(tenant: str, through: float, *, offered: int = 0, dropped: int = 0) -> LedgerRow:
    """A worker's account up to `through`, seconds since 1970."""
    micros = round(through * 1e6)
    return LedgerRow(tenant, "w1", 1, micros, micros, offered, offered - dropped, 0, dropped, 0, 0, ())
