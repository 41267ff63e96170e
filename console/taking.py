"""What a change of the policy file puts in force: its text, with what was approved and holds applied again.

The file is the operator's word, and so is an approval: saving the one must not end the other in silence.
What the change does undo is told: in the log, the audit, the revision's reason and the status.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from console.audit import Deed
from console.entering import added_rules, changed_rules, entering, is_there, rule_of
from console.moments import to_utc
from console.store import Store
from console.wording import counted
from kernel.control import Revision, Undone
from kernel.patch import Operation, Patch, StalePatch, apply, policy_of
from kernel.policy import Policy
from kernel.recommendations import KeptApproval, Reviewed

FILE_AUTHOR = "file"
EXPIRY_AUTHOR = "expiry"
MOST_NAMED = 5  # rules that a sentence names
IN_THE_FILE = "in the policy file now"


class Ended(msgspec.Struct, frozen=True):
    """An approval that a change of the file ends, and why. `is_lost`: nothing of it acts any more."""

    reviewed: Reviewed
    why: str
    is_lost: bool


Wanted = tuple[Reviewed, tuple[Operation, ...]]  # an approval, and what of it is to be made again


class Taking(msgspec.Struct, frozen=True):
    """What a change of the file makes. `rules`: approved ones that hold on. `replaced`: a revision, told."""

    text: str
    rules: tuple[str, ...] = ()
    ended: tuple[Ended, ...] = ()
    replaced: str = ""

    def reason(self, path: Path) -> str:
        """Why there is a new revision, in one line."""
        parts = [f"{path} has changed"]
        if self.rules:
            parts[0] += f", with {counted(len(self.rules), 'approved rule')}: {named(self.rules)}"
        if self.replaced:
            parts.append(f"it replaced {self.replaced}")
        parts += [f"it took out {rules_of(each)}" for each in self.ended if each.is_lost]
        return "; ".join(parts)

    def undone(self) -> Undone:
        """What it undid of what was decided; a rule that the file itself has now is not undone."""
        return Undone(self.replaced, tuple(told(each) for each in self.ended if each.is_lost))

    def lines(self, revision: str) -> Iterator[str]:
        """What the log says of it."""
        approved = counted(len(self.rules), "approved rule")
        held = f", with {approved}: {named(self.rules)}" if self.rules else ""
        yield f"policy revision {revision} is in force{held}"
        if self.replaced:
            yield f"the file's change replaced {self.replaced}"
        yield from map(told, self.ended)


def take(text: str, approved: Iterable[Reviewed], before: Policy | None, at: float) -> Taking:
    """The file's text with the rules of approvals that are in force (`before`; None: nobody knows).

    The rules are as they were approved: their mode, and the end that they were given.
    """
    file = policy_of(text, at)
    again: list[Wanted] = []
    ended: list[Ended] = []
    for each in sorted(approved, key=decided_at):
        holding = what_holds(each, before)
        missing = tuple(operation for operation in holding if not is_there(file, operation))
        if missing:
            again.append((each, missing))
        elif holding:
            ended.append(Ended(each, IN_THE_FILE, is_lost=False))
    try:  # mostly all fit, and what is read once is in force sooner
        text = apply(text, Patch("", operations_of(again)), at)
    except StalePatch:
        text, again, lost = one_by_one(text, again, at)
        ended += lost
    return Taking(text, tuple(dict.fromkeys(map(rule_of, operations_of(again)))), tuple(ended))


def one_by_one(text: str, wanted: Iterable[Wanted], at: float) -> tuple[str, list[Wanted], list[Ended]]:
    """The text with each that fits, those, and the ends of the others."""
    fitting: list[Wanted] = []
    ended: list[Ended] = []
    for each, operations in wanted:
        try:
            text = apply(text, Patch("", operations), at)
        except StalePatch as stale:
            why = f"the policy file has changed and it no longer fits: {stale}"
            ended.append(Ended(each, why, is_lost=True))
        else:
            fitting.append((each, operations))
    return text, fitting, ended


def operations_of(wanted: Iterable[Wanted]) -> tuple[Operation, ...]:
    """All of them, in order."""
    return tuple(operation for _, operations in wanted for operation in operations)


def what_holds(reviewed: Reviewed, before: Policy | None) -> tuple[Operation, ...]:
    """What an approval entered, without what an operator has taken out since."""
    proposed, approval = reviewed.recommendation.patch, reviewed.approval
    if approval is None:
        return ()
    entered = entering(proposed, approval, approval.expires_at).operations
    return tuple(each for each in entered if before is None or is_there(before, each))


def decided_at(reviewed: Reviewed) -> float:
    """When it was approved."""
    return reviewed.approval.decided_at if reviewed.approval else 0.0


def replaced_by_file(store: Store, tenant: str) -> str:
    """The newest revision since the file was taken that an operator wrote, told; empty where there is none.

    What approvals and their ends made is none: the file's change does not undo it.
    """
    approved = frozenset(map(mark_of_approval, store.approvals.listed(tenant)))
    for each in store.revisions.listed(tenant):
        if each.author == FILE_AUTHOR:
            return ""
        if each.author != EXPIRY_AUTHOR and (each.revision, each.author, each.reason) not in approved:
            return told_revision(each)
    return ""


def mark_of_approval(kept: KeptApproval) -> tuple[str, str, str]:
    """What the revision that an approval made is known by."""
    return kept.approval.revision, kept.approval.author, kept.approval.reason


def told_revision(revision: Revision) -> str:
    """`revision 832aba…, by ada at 2026-11-24 12:00:00 UTC (less for partners)`."""
    return f"revision {revision.revision}, by {revision.author} at {to_utc(revision.created_at)} UTC" + (
        f" ({revision.reason})" if revision.reason else ""
    )


def told(ended: Ended) -> str:
    """An approval's end as a sentence."""
    which = f"{rules_of(ended)} (recommendation {ended.reviewed.recommendation.id})"
    return f"the file took out {which}: {ended.why}" if ended.is_lost else f"{which}: {ended.why}"


def rules_of(ended: Ended) -> str:
    """The rules of an approval, named."""
    patch = ended.reviewed.recommendation.patch
    return named(added_rules(patch) or changed_rules(patch))


def named(rules: tuple[str, ...]) -> str:
    """Some rules' names."""
    return ", ".join(rules[:MOST_NAMED]) + (", …" if len(rules) > MOST_NAMED else "")


def end_taken(store: Store, tenant: str, taking: Taking, *, now: float, at: float) -> None:
    """Store the ends; within the transaction of the new revision. `now`: of events, `at`: the real time."""
    for each in taking.ended:
        gone = msgspec.structs.replace(
            each.reviewed,
            state="withdrawn",
            changed_at=now,
            withdrawn_because=each.why,
            author=FILE_AUTHOR,
        )
        store.proposals.put(tenant, gone)
        deed = Deed(FILE_AUTHOR, "end approval", each.reviewed.recommendation.id, each.why)
        store.audit.note(tenant, deed, at)
