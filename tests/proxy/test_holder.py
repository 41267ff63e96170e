"""The snapshot holder: what is in force, and what was refused."""

from kernel.snapshot import Snapshot
from proxy.holder import Refused, SnapshotHolder, no_policy
from tests.proxy.around import KEY, POLICY, overlay, snapshot_of


def quota_rate(snapshot: Snapshot) -> float:
    """The rate of ip:10.0.0.1 under an overlay of its own."""
    return snapshot.routes[0].limits[0].personal["ip:10.0.0.1"].quota.rate


def test_before_its_first_policy_a_gateway_takes_nothing() -> None:
    holder = SnapshotHolder(KEY)
    assert not holder.has_policy
    assert holder.snapshot.routes == ()
    assert no_policy(KEY).revision == ""


def test_a_refusal_leaves_what_is_in_force_and_the_next_policy_clears_it() -> None:
    holder = SnapshotHolder(KEY)
    holder.apply(snapshot_of(POLICY), "file", 1.0)
    before = holder.snapshot
    holder.refuse(Refused(2.0, "r", "file", ("wrong",)))
    assert holder.snapshot is before
    assert holder.refused is not None
    holder.apply(snapshot_of(POLICY), "file", 3.0)
    assert holder.refused is None
    assert (holder.applied, holder.refusals) == (2, 1)


def test_overlays_survive_a_reload_and_go_when_told_so() -> None:
    holder = SnapshotHolder(KEY)
    holder.apply(snapshot_of(POLICY), "file", 1.0)
    holder.overlay([overlay()], 7)
    assert quota_rate(holder.snapshot) == 4.0
    holder.apply(snapshot_of(POLICY + "# changed\n"), "file", 2.0)
    assert quota_rate(holder.snapshot) == 4.0
    assert holder.snapshot.overlays_version == 7
    holder.overlay([], 8)
    assert holder.snapshot.routes[0].limits[0].personal == {}
    assert holder.snapshot.overlays_version == 8


def test_each_worker_enforces_its_share_of_an_overlay() -> None:
    holder = SnapshotHolder(KEY, workers=2)
    holder.apply(snapshot_of(POLICY), "file", 1.0)
    holder.overlay([overlay(rate=8.0)], 1)
    assert quota_rate(holder.snapshot) == 4.0
    assert holder.overlays[0].rate == 8.0


def test_a_revoked_key_stays_refused_under_the_next_policy() -> None:
    text = POLICY + f"consumers: [{{name: a, keys: [{{sha256: {'ab' * 32}}}]}}]\n"
    holder = SnapshotHolder(KEY)
    holder.apply(snapshot_of(text), "file", 1.0)
    assert len(holder.snapshot.credentials) == 1
    holder.revoke(frozenset({"ab" * 32}))
    assert holder.snapshot.credentials == {}
    holder.apply(snapshot_of(text + "# changed\n"), "file", 2.0)
    assert holder.snapshot.credentials == {}
