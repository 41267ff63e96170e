"""Stored requests for tests of replays: judged by a policy as the proxy would, row by row."""

from collections.abc import Iterable

from clickhouse_connect.driver.client import Client

from kernel.addresses import parse_address
from kernel.check import read_policy
from kernel.compile import compile_policy, revision_of, with_overlays
from kernel.decide import NO_ROUTE, Facts, LimiterState, decide
from kernel.events import EventRow
from kernel.findings import Overlay
from kernel.snapshot import Snapshot
from tests.warehouse.event_rows import insert_rows, row

SINCE = 1_800_000_000.0  # 2027-01-15
HASH_KEY = b"0123456789abcdef"
HEAD = """
upstreams: [{name: shop, url: "http://127.0.0.1:9"}]
routes:
  - {name: orders, path: "/orders/{id}", upstream: shop}
  - {name: logins, path: "/logins", upstream: shop}
"""
GREEDY = "ip:10.0.0.99"

Asked = tuple[float, str, str]  # seconds after SINCE, identity, route


def policy_text(*limits: str, more: str = "") -> str:
    """Two routes, these limits in YAML's flow style, and more."""
    listed = "".join(f"  - {limit}\n" for limit in limits)
    return HEAD + (f"limits:\n{listed}" if limits else "") + more


def snapshot_of(text: str) -> Snapshot:
    """A text, compiled."""
    reading = read_policy(text, "p.yaml", SINCE)
    assert reading.policy is not None, [each.text() for each in reading.problems]
    return compile_policy(reading.policy, revision_of(text), HASH_KEY)


def judged_rows(
    tenant: str, text: str, asked: Iterable[Asked], *, overlays: Iterable[Overlay] = ()
) -> list[EventRow]:
    """Rows of requests with the decisions of a policy under overlays."""
    snapshot = with_overlays(snapshot_of(text), overlays, 1)
    routes = {route.name: route for route in snapshot.routes}
    state: LimiterState = {}
    rows = []
    for seq, (at, identity, route) in enumerate(sorted(asked), 1):
        address = identity.removeprefix("ip:")
        client = parse_address(address)
        assert client is not None
        values = ("",) * len(snapshot.limit_headers)
        taken = routes.get(route)  # none takes it where the route is empty
        index = NO_ROUTE if taken is None else taken.index
        facts = Facts(index, client, identity, "none", None, -1, values)
        verdict = decide(facts, snapshot, state, round((SINCE + at) * 1e6) / 1e6)
        rows.append(
            row(
                tenant,
                seq,
                ended_at=SINCE + at + 0.0015,  # it began 1.5 ms before
                route=route,
                path="" if taken is None else taken.template,
                identity=identity,
                client_ip=f"::ffff:{address}",
                status=verdict.status or 200,
                outcome="refused" if verdict.reason else "completed",
                decision="refused" if verdict.reason else "allowed",
                reason=str(verdict.reason),
                rule=verdict.rule,
                would_refuse=list(verdict.would_refuse),
                revision=snapshot.revision,
                success=-1,
            )
        )
    return rows


def store(client: Client, tenant: str, rows: list[EventRow]) -> None:
    """In one batch."""
    insert_rows(client, rows, token=f"replay-{tenant}")


def steady(identity: str, *, every_s: float, until_s: float, route: str = "orders") -> list[Asked]:
    """A request every `every_s` seconds from 0 on."""
    return [(each * every_s, identity, route) for each in range(int(until_s / every_s))]
