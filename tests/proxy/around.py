"""What the tests of the parts around the hot path share: a policy, a gateway, a clock that is set."""

from pathlib import Path

from kernel.check import read_policy
from kernel.compile import compile_policy, revision_of
from kernel.events import COLUMNS, EventRow
from kernel.findings import Overlay
from kernel.snapshot import Snapshot
from proxy.gateway import Gateway, Nature
from proxy.holder import SnapshotHolder
from proxy.last_good import LastGood
from proxy.sink import NoWarehouse, Sink
from proxy.sources import Intake

KEY = bytes(range(16))
POLICY = """\
upstreams:
  - {name: shop, url: "http://127.0.0.1:9000"}
routes:
  - {name: orders, path: "/orders/{id}", upstream: shop}
limits:
  - {name: per-client, rate: 10/s, burst: 5, adaptive: {floor: 2/s, ceiling: 20/s}}
"""
BROKEN = POLICY.replace("upstream: shop", "upstream: shpo").replace("burst: 5", "burst: many")


class SetClock:
    """A clock that stands until it is set, in seconds since 1970."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def snapshot_of(text: str) -> Snapshot:
    policy = read_policy(text, "policy.yaml", 0.0).policy
    assert policy is not None
    return compile_policy(policy, revision_of(text), KEY)


def overlay(**changes: object) -> Overlay:
    values: dict[str, object] = {
        "id": "o1",
        "tenant": "default",
        "limit": "per-client",
        "identity": "ip:10.0.0.1",
        "rate": 4.0,
        "burst": 4,
        "reason": "burst",
        "finding": "f1",
        "created_at": 900.0,
        "expires_at": 1_100.0,
    }
    return Overlay(**{**values, **changes})  # type: ignore[arg-type]  # changes are of the test


def gateway_with(text: str = POLICY, workers: int = 1) -> Gateway:
    """A gateway that nothing serves, with a policy in force."""
    clock = SetClock()
    holder = SnapshotHolder(KEY, workers)
    holder.apply(snapshot_of(text), "test", clock())
    sink = Sink(NoWarehouse(), "worker-a", 1)
    return Gateway(holder, sink, nature=Nature(clock, clock, lambda bits: 1))


def intake_at(directory: Path, workers: int = 1) -> Intake:
    return Intake(SnapshotHolder(KEY, workers), LastGood(directory), SetClock())


def row(**values: object) -> EventRow:
    """An event row of mostly empty values."""
    given = {"interim": 0, "route": "orders", "method": "GET", "status": 200, "outcome": "completed"}
    given |= {"duration_us": 1_000, **values}
    return tuple(given.get(column.name, "") for column in COLUMNS)
