"""Tells the console every few seconds what approved rules did, until their accounts are closed."""

import logging
from typing import Final, Protocol

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from analytics.control import Unreachable
from analytics.denials import denials_in
from analytics.labels import Labels
from analytics.realising import AGAIN_AFTER_S, Account
from analytics.situations import labels_of, with_ordinary
from kernel.control import Label
from kernel.recommendations import Approval, KeptApproval, Realised, Recommendation, Reviewed
from kernel.replays import ReplayRequest
from warehouse.failures import to_reason
from warehouse.readers_replay import ReplayReader

ENDED_WITHIN_S: Final = 3_600.0  # after a restart: accounts of what ended meanwhile are closed

log = logging.getLogger("tidegate.analytics.replays")

Key = tuple[str, float]  # recommendation, when it was approved
Decided = tuple[Recommendation, Approval]


class Console(Protocol):
    """Who is told: analytics.control.Control. Each call may raise Unreachable."""

    def labels(self) -> tuple[Label, ...]: ...
    def approved(self) -> tuple[Reviewed, ...]: ...
    def kept(self) -> tuple[KeptApproval, ...]: ...
    def reviewed(self, which: str) -> Reviewed: ...
    def put_realised(self, realised: Realised) -> None: ...


class Accountant:
    """The accounts of one tenant's approvals; each is counted on from where it was."""

    def __init__(self, console: Console, client: Client, tenant: str, *, hash_key: bytes) -> None:
        self._console, self._client, self._tenant = console, client, tenant
        self._hash_key = hash_key
        self._accounts: dict[Key, Account] = {}
        self._is_new = True
        self._looked_at = float("-inf")

    def turn(self, real: float, now: float) -> None:
        """Count and tell, where it is time. `real`: monotonic seconds. Raises Unreachable."""
        if real - self._looked_at < AGAIN_AFTER_S:
            return
        self._looked_at = real
        self._take_up(now)
        if not self._accounts:
            return
        try:
            self._count(now)
        except ClickHouseError as problem:
            log.warning("no account of approvals: %s", to_reason(problem))

    def _take_up(self, now: float) -> None:
        """Hear what is approved; what is not any more, and what ended of late, gets its last account."""
        approved = by_key(self._console.approved())
        gone = {key for key in self._accounts if key not in approved and self._accounts[key].ended_at > now}
        ends: dict[Key, float] = {}
        if gone or self._is_new:
            kept = self._console.kept()
            ends = {(each.recommendation, each.approval.decided_at): each.ended_at for each in kept}
        for key in gone:
            self._accounts[key].ended_at = ends.get(key, 0.0) or now
        if self._is_new:
            self._take_up_ended({key: at for key, at in ends.items() if at > now - ENDED_WITHIN_S})
        self._is_new = False
        for key, each in approved.items():
            self._open(key, each)

    def _take_up_ended(self, ends: dict[Key, float]) -> None:
        """Of what ended before this process began; what was proposed again since is not known any more."""
        for (which, decided_at), ended_at in ends.items():
            found = by_key((self._console.reviewed(which),))
            if (which, decided_at) in found:
                account = self._open((which, decided_at), found[which, decided_at])
                account.ended_at = min(account.ended_at, ended_at)

    def _open(self, key: Key, decided: Decided) -> Account:
        """The account of an approval."""
        if key not in self._accounts:
            self._accounts[key] = Account(*decided, hash_key=self._hash_key)
        return self._accounts[key]

    def _count(self, now: float) -> None:
        reader = ReplayReader(self._client, self._tenant)
        since = min(each.approval.decided_at for each in self._accounts.values())
        request = ReplayRequest("", since, now)
        labels = labels_of(reader, self._client, self._tenant, request, self._console.labels())
        for key, account in list(self._accounts.items()):
            if account.bring_up(reader, now):
                self._put(account, labels, now)
                if account.is_closed(now):
                    del self._accounts[key]

    def _put(self, account: Account, labels: Labels, now: float) -> None:
        """Tell one account."""
        denials = denials_in(account.recommendation.patch)
        found = with_ordinary(self._client, self._tenant, labels, denials, until=now)
        account.ordinary |= found.ordinary
        realised = account.told(msgspec.structs.replace(found, ordinary=account.ordinary))
        if realised is None:
            return
        try:
            self._console.put_realised(realised)
        except Unreachable as problem:
            if now < account.ended_at:
                raise
            log.info("the last account of %s is not taken: %s", realised.recommendation, problem)


def by_key(reviewed: tuple[Reviewed, ...]) -> dict[Key, Decided]:
    """Those that were approved."""
    return {
        (each.recommendation.id, each.approval.decided_at): (each.recommendation, each.approval)
        for each in reviewed
        if each.approval is not None
    }
