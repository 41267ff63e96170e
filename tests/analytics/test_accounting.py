"""Accounts of approvals, to a console of ours, out of a real warehouse."""

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.accounting import Accountant
from analytics.control import Unreachable
from analytics.realising import AGAIN_AFTER_S, CLOSING_S
from kernel.control import Label
from kernel.recommendations import KeptApproval, Realised, Reviewed
from kernel.replays import Split
from tests.analytics.replays import GREEDY, HASH_KEY, SINCE, judged_rows, policy_text, steady, store
from tests.analytics.test_realising import STRICT, approved

TEXT = policy_text(STRICT.replace("MODE", ""))


class Console:
    """What holds, what ended, and what it was told."""

    def __init__(self, *holding: Reviewed) -> None:
        self.holding = holding
        self.over: tuple[Reviewed, ...] = ()
        self.forgotten = False  # what is over was proposed again
        self.told: list[Realised] = []
        self.refuses = False
        self.asked = 0  # for what ended

    def labels(self) -> tuple[Label, ...]:
        return ()

    def approved(self) -> tuple[Reviewed, ...]:
        return self.holding

    def kept(self) -> tuple[KeptApproval, ...]:
        self.asked += 1
        return tuple(to_kept(each) for each in (*self.holding, *self.over))

    def reviewed(self, which: str) -> Reviewed:
        (found,) = self.over
        return msgspec.structs.replace(found, state="open", approval=None) if self.forgotten else found

    def put_realised(self, realised: Realised) -> None:
        if self.refuses:
            raise Unreachable("409")
        self.told.append(realised)


def to_kept(reviewed: Reviewed) -> KeptApproval:
    about, approval = reviewed.recommendation, reviewed.approval
    assert approval is not None
    ended_at = 0.0 if reviewed.state == "approved" else reviewed.changed_at
    made = (about.id, about.kind, about.route, about.title, about.rules, "", approval)
    return KeptApproval(*made, ended_at=ended_at)


class Play:
    """An accountant that looks every ten seconds."""

    def __init__(self, console: Console, client: Client, tenant: str) -> None:
        store(client, tenant, judged_rows(tenant, TEXT, steady(GREEDY, every_s=0.1, until_s=60)))
        self.accountant = Accountant(console, client, tenant, hash_key=HASH_KEY)
        self.real = 0.0

    def at(self, later: float) -> None:
        self.real += AGAIN_AFTER_S
        self.accountant.turn(self.real, SINCE + later)


def expired(reviewed: Reviewed, *, at: float) -> Reviewed:
    return msgspec.structs.replace(reviewed, state="expired", changed_at=SINCE + at)


def test_the_last_account_is_told_after_the_rules_ended(warehouse_client: Client, tenant: str) -> None:
    console = Console(approved(until=SINCE + 30))
    play = Play(console, warehouse_client, tenant)
    play.at(20)
    console.holding, console.over = (), (expired(approved(until=SINCE + 30), at=30),)
    play.at(31)
    play.at(30 + CLOSING_S)
    assert [each.until - SINCE for each in console.told] == [20, 30, 30]
    assert console.told[-1].legitimate == Split(300 - 31, 1)
    play.at(30 + CLOSING_S + 10)
    assert len(console.told) == 3  # the account is closed


def test_rules_that_ended_early_are_counted_up_to_then(warehouse_client: Client, tenant: str) -> None:
    console = Console(approved())
    play = Play(console, warehouse_client, tenant)
    play.at(20)
    console.holding, console.over = (), (expired(approved(), at=25),)
    play.at(40)
    assert [each.until - SINCE for each in console.told] == [20, 25]
    assert console.asked == 2  # at the start, and once for whom it missed


def test_what_ended_while_nobody_counted_gets_its_account(warehouse_client: Client, tenant: str) -> None:
    console = Console()
    console.over = (expired(approved(until=SINCE + 30), at=30),)
    play = Play(console, warehouse_client, tenant)
    play.at(500)
    assert [each.until - SINCE for each in console.told] == [30]
    again = Console()
    again.over = console.over
    Accountant(again, warehouse_client, tenant, hash_key=HASH_KEY).turn(0.0, SINCE + 9_000)
    assert again.told == []


def test_what_was_proposed_again_meanwhile_holds_up_nothing(warehouse_client: Client, tenant: str) -> None:
    console = Console()
    console.over, console.forgotten = (expired(approved(until=SINCE + 30), at=30),), True
    Play(console, warehouse_client, tenant).at(500)
    assert console.told == []


def test_a_last_account_that_nobody_takes_holds_up_nothing(warehouse_client: Client, tenant: str) -> None:
    console = Console()
    console.over, console.refuses = (expired(approved(until=SINCE + 30), at=30),), True
    play = Play(console, warehouse_client, tenant)
    play.at(40)
    console.refuses = False
    play.at(50)
    assert [each.until - SINCE for each in console.told] == [30]


def test_it_looks_every_ten_seconds_only(warehouse_client: Client, tenant: str) -> None:
    console = Console(approved())
    play = Play(console, warehouse_client, tenant)
    play.at(20)
    play.accountant.turn(play.real + AGAIN_AFTER_S - 1, SINCE + 29)
    assert len(console.told) == 1
