"""Approvals that a change of the policy has undone: a rollback, an edit, another file. They end, audited."""

import msgspec

from console.audit import Deed
from console.entering import is_undone
from console.store import Store
from kernel.policy import Policy


class Undoing(msgspec.Struct, frozen=True):
    """Who changed the policy, and how; `now` on the events' clock, `at` on the real one."""

    author: str
    because: str
    now: float
    at: float


def end_undone(store: Store, policy: Policy, undoing: Undoing) -> None:
    """Withdraw each approval of which nothing is left in a policy, so that it may be proposed again."""
    for each in store.proposals.every(policy.tenant, "approved"):
        if not is_undone(policy, each.recommendation.patch):
            continue
        ended = msgspec.structs.replace(
            each,
            state="withdrawn",
            changed_at=undoing.now,
            withdrawn_because=undoing.because,
            author=undoing.author,
        )
        deed = Deed(undoing.author, "end approval", each.recommendation.id, undoing.because)
        with store.transaction():
            store.proposals.put(policy.tenant, ended)
            store.audit.note(policy.tenant, deed, undoing.at)
