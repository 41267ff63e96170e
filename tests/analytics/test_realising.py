"""What approved rules did, against a real warehouse."""

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.labels import Label, Labels
from analytics.realising import meeting_of, realised
from kernel.patch import AddAccess, AddLimit, Patch, SetMode
from kernel.policy import AccessRule, Limit
from kernel.recommendations import Approval, Evidence, Recommendation, Reviewed
from kernel.replays import Split
from tests.analytics.replays import GREEDY, SINCE, judged_rows, policy_text, steady, store
from warehouse.readers_replay import Meeting, ReplayReader

STRICT = "{name: strict, MODE rate: 1/s, burst: 2, routes: [orders]}"
DENIAL_TEXT = '{name: strict, action: deny, networks: ["10.0.2.0/24"], routes: [logins]}'
LIMIT = Limit(name="strict", rate=1.0, burst=2, routes=("orders",))
PATCH = Patch("x", (AddLimit(LIMIT),))


def approved(*, until: float = 0.0) -> Reviewed:
    made = Recommendation(
        id="r1",
        tenant="t",
        kind="limit-client",
        detector="D1",
        finding="f",
        key=GREEDY,
        route="orders",
        title="",
        reason="",
        patch=PATCH,
        rules=("strict",),
        lasts_s=0,
        evidence=Evidence((), 0, "", (), (), None, ()),
        confidence=1.0,
        created_at=SINCE,
        expires_at=SINCE + 999,
    )
    return Reviewed(
        made, "approved", SINCE, approval=Approval("enforce", 0, until, "r", None, SINCE, "me", "")
    )


def test_refusals_are_split_by_labels_and_shadows_count(warehouse_client: Client, tenant: str) -> None:
    asked = [
        *steady(GREEDY, every_s=0.1, until_s=60),
        *steady("ip:10.0.0.7", every_s=0.5, until_s=60),
        *steady("ip:10.0.0.8", every_s=10, until_s=60),
        *steady("ip:10.0.0.9", every_s=10, until_s=60, route="logins"),
    ]
    text = policy_text(STRICT.replace("MODE", "mode: shadow,"))
    store(warehouse_client, tenant, judged_rows(tenant, text, asked))
    labels = Labels((Label(GREEDY, SINCE, 0.0),))
    found = realised(ReplayReader(warehouse_client, tenant), approved(), labels, now=SINCE + 61)
    assert found is not None
    assert (found.attack, found.legitimate) == (Split(539, 1), Split(59, 1))
    assert (found.bound.harmed, found.bound.n) == (1, 2)
    half = realised(
        ReplayReader(warehouse_client, tenant), approved(until=SINCE + 30), labels, now=SINCE + 61
    )
    assert half is not None
    assert half.until == SINCE + 30


def test_whom_a_denial_refuses_is_accused_unless_in_ordinary_use(
    warehouse_client: Client, tenant: str
) -> None:
    """Accused before the approval: nothing is heard of them afterwards, as they are refused."""
    text = policy_text(more=f"access: [{DENIAL_TEXT}]\n")
    stuffers = [f"ip:10.0.2.{at}" for at in range(4)]
    asked = [
        *(each for who in stuffers for each in steady(who, every_s=5, until_s=60, route="logins")),
        *steady("ip:10.0.3.1", every_s=5, until_s=60, route="logins"),
        *steady("ip:10.0.2.9", every_s=20, until_s=60, route="logins"),  # nobody accuses it
    ]
    store(warehouse_client, tenant, judged_rows(tenant, text, asked))
    denial = AccessRule(name="strict", action="deny", networks=("10.0.2.0/24",), routes=("logins",))
    by = approved()
    patched = msgspec.structs.replace(by.recommendation, patch=Patch("x", (AddAccess(denial),)))
    by = msgspec.structs.replace(by, recommendation=patched)
    accused = tuple(Label(who, SINCE - 300, SINCE - 200) for who in stuffers)
    labels = Labels(accused, ordinary=frozenset({stuffers[3]}))
    found = realised(ReplayReader(warehouse_client, tenant), by, labels, now=SINCE + 61)
    assert found is not None
    assert (found.attack, found.legitimate) == (Split(36, 3), Split(15, 2))
    assert (found.bound.harmed, found.bound.n) == (2, 3)


def test_nothing_is_told_before_an_approval_holds(warehouse_client: Client, tenant: str) -> None:
    reader = ReplayReader(warehouse_client, tenant)
    assert realised(reader, approved(), Labels(), now=SINCE) is None
    undecided = msgspec.structs.replace(approved(), approval=None)
    assert realised(reader, undecided, Labels(), now=SINCE + 9) is None


def test_rules_apply_where_their_patch_says() -> None:
    assert meeting_of(PATCH, ("strict",)) == Meeting(("strict",), ("orders",))
    assert meeting_of(Patch("x", (SetMode("strict", "enforce"),)), ("strict",)) == Meeting(("strict",))
