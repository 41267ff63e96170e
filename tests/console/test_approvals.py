"""Every approval stays, however often its recommendation comes again."""

import json

import msgspec

from console.approvals import TIME_OVER, Approvals, kept_of
from console.proposals import Proposals
from console.schema import APPROVALS, MIGRATIONS
from kernel.recommendations import Approval, Reviewed, patch_digest
from kernel.replays import Bound
from tests.console.proposing import realised, recommendation
from tests.console.stored import connection

ID = recommendation().id


def approval(decided_at: float) -> Approval:
    return Approval("enforce", 0.0, decided_at + 60, "r2", Bound(0, 50, 0.06), decided_at, "ada", "seen")


def approved(decided_at: float) -> Reviewed:
    digest = patch_digest(recommendation().patch)
    return Reviewed(recommendation(), "approved", decided_at, approval(decided_at), patch=digest)


def test_an_approval_that_is_stored_again_replaces_itself_and_no_other() -> None:
    made = connection()
    approvals, proposals = Approvals(made), Proposals(made)
    first, second = approved(1_000.0), approved(2_000.0)
    proposals.put("default", first)
    told = msgspec.structs.replace(first, realised=realised(ID))
    proposals.put("default", told)
    proposals.put("default", msgspec.structs.replace(told, state="expired", changed_at=1_060.0))
    proposals.put("default", second)
    newest, oldest = approvals.listed("default", ID)
    assert (newest.approval.decided_at, newest.ended_at, newest.why) == (2_000.0, 0.0, "")
    assert (oldest.approval, oldest.realised) == (approval(1_000.0), realised(ID))
    assert (oldest.ended_at, oldest.why) == (1_060.0, TIME_OVER)
    assert approvals.listed("default") == (newest, oldest)
    assert approvals.listed("default", "another") == approvals.listed("other") == ()


def test_what_was_taken_out_of_the_policy_keeps_the_reason() -> None:
    gone = msgspec.structs.replace(
        approved(1_000.0), state="withdrawn", changed_at=1_010.0, withdrawn_because="rolled back"
    )
    kept = kept_of(gone, approval(1_000.0))
    assert (kept.ended_at, kept.why, kept.rules) == (1_010.0, "rolled back", ("slow-down",))


def test_approvals_of_an_earlier_version_are_taken_over() -> None:
    made = connection(before=APPROVALS)
    assert APPROVALS in MIGRATIONS
    holding = msgspec.structs.replace(approved(1_000.0), realised=realised(ID), patch="")
    other = recommendation("other")
    expired = Reviewed(other, "expired", 900.0, approval(800.0))
    rows = [holding, expired, Reviewed(recommendation("third"), "open", 1.0)]
    for each in rows:
        body = json.loads(msgspec.json.encode(each))
        values = ("default", each.recommendation.id, each.state, each.changed_at, json.dumps(body))
        made.execute("INSERT INTO proposals VALUES (?, ?, ?, ?, ?)", values)
    made.executescript(APPROVALS)
    assert Approvals(made).listed("default") == (
        kept_of(holding, approval(1_000.0)),
        kept_of(expired, approval(800.0)),
    )
