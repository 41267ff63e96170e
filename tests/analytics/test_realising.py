"""What approved rules did, against a real warehouse."""

from collections.abc import Sequence

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.labels import Label, Labels
from analytics.realising import KEPT_S, LATE_S, Account, meeting_of
from kernel.hashing import in_canary
from kernel.patch import AddAccess, AddLimit, Patch, SetMode
from kernel.policy import AccessRule, Limit
from kernel.recommendations import Approval, Evidence, Realised, Recommendation, Reviewed
from kernel.replays import Split
from tests.analytics.replays import GREEDY, HASH_KEY, SINCE, judged_rows, policy_text, steady, store
from warehouse.readers_replay import Meeting, Refused, ReplayReader

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


def account_of(reviewed: Reviewed) -> Account:
    assert reviewed.approval is not None
    return Account(reviewed.recommendation, reviewed.approval, hash_key=HASH_KEY)


def realised(reader: ReplayReader, reviewed: Reviewed, labels: Labels, *, now: float) -> Realised | None:
    """Of an account that is new."""
    account = account_of(reviewed)
    assert account.bring_up(reader, now)
    return account.told(labels)


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


def test_a_denial_for_every_route_meets_who_asks_for_what_is_not_there(
    warehouse_client: Client, tenant: str
) -> None:
    rule = '{name: strict, action: deny, networks: ["10.0.2.0/24"]}'
    text = policy_text(more=f"access: [{rule}]\n")
    asked = [(at, f"ip:10.0.{at}.1", "") for at in (1, 2, 3)] + [(4.0, "ip:10.0.4.1", "orders")]
    store(warehouse_client, tenant, judged_rows(tenant, text, asked))
    denial = AccessRule(name="strict", action="deny", networks=("10.0.2.0/24",))
    reviewed = approved()
    recommendation = msgspec.structs.replace(reviewed.recommendation, patch=Patch("x", (AddAccess(denial),)))
    reviewed = msgspec.structs.replace(reviewed, recommendation=recommendation)
    found = realised(ReplayReader(warehouse_client, tenant), reviewed, Labels(), now=SINCE + 61)
    assert found is not None
    assert (found.legitimate, found.bound.harmed, found.bound.n) == (Split(1, 1), 1, 4)


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


def test_rules_apply_where_their_patch_says() -> None:
    assert meeting_of(PATCH, ("strict",)) == Meeting(("strict",), ("orders",))
    assert meeting_of(Patch("x", (SetMode("strict", "enforce"),)), ("strict",)) == Meeting(("strict",))


class Asked(ReplayReader):
    """Notes what stretches it is asked for, in seconds."""

    def refused_by(self, since: float, until: float, rules: Sequence[str]) -> dict[str, Refused]:
        self.stretches = [*getattr(self, "stretches", []), (since - SINCE, until - SINCE)]
        return super().refused_by(since, until, rules)


def test_what_was_counted_is_not_counted_again(warehouse_client: Client, tenant: str) -> None:
    """An approval that holds for ever costs no more each day."""
    text = policy_text(STRICT.replace("MODE", ""))
    asked = [*steady(GREEDY, every_s=10, until_s=4_000), *steady("ip:10.0.0.7", every_s=0.5, until_s=60)]
    store(warehouse_client, tenant, judged_rows(tenant, text, asked))
    reader, labels = Asked(warehouse_client, tenant), Labels((Label(GREEDY, SINCE, 0.0),))
    account = account_of(approved())
    for later in (100, 2_000, 2_010, 4_000):
        assert account.bring_up(reader, SINCE + later)
        anew = realised(ReplayReader(warehouse_client, tenant), approved(), labels, now=SINCE + later)
        assert account.told(labels) == anew  # as after a restart
    assert reader.stretches == [
        (0, 100),
        *((0, 1_400), (1_400, 2_000)),
        *((1_400, 1_410), (1_410, 2_010)),
        *((1_410, 3_400), (3_400, 4_000)),
    ]


def test_rows_that_come_late_are_counted(warehouse_client: Client, tenant: str) -> None:
    text = policy_text(STRICT.replace("MODE", ""))
    rows = judged_rows(tenant, text, steady(GREEDY, every_s=0.1, until_s=60))
    account = account_of(approved())
    reader = ReplayReader(warehouse_client, tenant)
    assert account.bring_up(reader, SINCE + 100)
    store(warehouse_client, tenant, rows)  # out of a spool
    assert account.bring_up(reader, SINCE + LATE_S)
    told = account.told(Labels())
    assert told is not None
    assert told.legitimate == Split(539, 1)


def test_of_a_canary_only_whom_it_binds_could_be_harmed(warehouse_client: Client, tenant: str) -> None:
    """Of the others it only says whom it would have refused."""
    text = policy_text(STRICT.replace("MODE", "mode: canary, canary: 0.5,"))
    peers = [f"ip:10.0.0.{at}" for at in range(20)]
    asked = [each for peer in peers for each in steady(peer, every_s=0.5, until_s=20)]
    store(warehouse_client, tenant, judged_rows(tenant, text, asked))
    by = approved()
    assert by.approval is not None
    by = msgspec.structs.replace(by, approval=msgspec.structs.replace(by.approval, mode="canary", canary=0.5))
    bound = [peer for peer in peers if in_canary("strict", peer, 0.5, HASH_KEY)]
    assert 0 < len(bound) < len(peers)
    told = realised(ReplayReader(warehouse_client, tenant), by, Labels(), now=SINCE + 60)
    assert told is not None
    assert (told.bound.harmed, told.bound.n) == (len(bound), len(bound))


def test_any_number_of_attackers_can_be_told_apart(warehouse_client: Client, tenant: str) -> None:
    """More than fit into a field of a question."""
    store(warehouse_client, tenant, judged_rows(tenant, policy_text(), steady(GREEDY, every_s=1, until_s=60)))
    many = tuple(Label(f"ip:10.{at >> 16}.{at >> 8 & 255}.{at & 255}", SINCE, 0.0) for at in range(20_000))
    told = realised(ReplayReader(warehouse_client, tenant), approved(), Labels(many), now=SINCE + 61)
    assert told is not None
    assert told.bound.n == 0
    told = realised(ReplayReader(warehouse_client, tenant), approved(), Labels(many[:9]), now=SINCE + 61)
    assert told is not None
    assert told.bound.n == 1


def test_whoever_was_an_attacker_stays_one_when_suspects_are_forgotten(
    warehouse_client: Client, tenant: str
) -> None:
    text = policy_text(STRICT.replace("MODE", ""))
    store(warehouse_client, tenant, judged_rows(tenant, text, steady(GREEDY, every_s=0.1, until_s=60)))
    reader = ReplayReader(warehouse_client, tenant)
    account = account_of(approved())
    for day in range(31):
        account.bring_up(reader, SINCE + day * 86_400 + 61)
        told = account.told(Labels((Label(GREEDY, SINCE, SINCE + 60),)) if day < 30 else Labels())
        assert told is not None
        assert (told.attack.identities, told.legitimate.identities) == (1, 0)
    vouched = account.told(Labels(legitimate=frozenset({GREEDY})))
    assert vouched is not None
    assert vouched.legitimate.identities == 1


def test_an_account_that_is_begun_late_begins_where_requests_are_kept(
    warehouse_client: Client, tenant: str
) -> None:
    reader = ReplayReader(warehouse_client, tenant)
    account = account_of(approved())
    now = SINCE + 30 * 86_400
    assert [account.bring_up(reader, now) for _ in range(8)] == [False] * 6 + [True] * 2
    told = account.told(Labels())
    assert told is not None
    assert (told.since, told.until) == (now - KEPT_S, now)


def test_who_turned_greedy_is_harmed_by_what_is_refused_at_other_times(
    warehouse_client: Client, tenant: str
) -> None:
    """Its excess alone is the attack: see docs/replay.md."""
    text = policy_text(STRICT.replace("MODE", ""))
    store(warehouse_client, tenant, judged_rows(tenant, text, steady(GREEDY, every_s=0.1, until_s=90)))
    reader = ReplayReader(warehouse_client, tenant)
    for label, harmed in ((Label(GREEDY, SINCE, 0.0), 0), (Label(GREEDY, SINCE, SINCE + 20), 1)):
        labels = Labels((label,), greedy=frozenset({GREEDY}))
        told = realised(reader, approved(), labels, now=SINCE + 100)
        assert told is not None
        assert (told.bound.harmed, told.legitimate.identities) == (harmed, harmed)
        accused_otherwise = realised(reader, approved(), Labels((label,)), now=SINCE + 100)
        assert accused_otherwise is not None
        assert accused_otherwise.bound.harmed == 0
