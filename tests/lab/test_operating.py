"""lab.operating: the operator waits for the replay, reads it out, approves, and asks what came of it."""

import io

import msgspec
from rich.console import Console

from console.asking import NoAnswer
from kernel.control import Approve, ReviewInFull
from kernel.patch import Patch, RemoveRule
from kernel.recommendations import (
    Approval,
    Evidence,
    Kind,
    Realised,
    Recommendation,
    Reviewed,
    patch_digest,
)
from kernel.replays import Bound, Disagreement, ReplayReport, Split
from lab.narrator import Narrator
from lab.operating import MOST_LINES, WIDEST, Moments, Operator, changed_lines, reading_of

NOW = 1.8e9
BOUND = Bound(harmed=0, n=299, upper=0.01)
NOBODY = Split()
REPLAY = ReplayReport(
    base="b",
    candidate="c",
    since=NOW - 90.0,
    until=NOW,
    warmed_from=NOW - 90.0,
    chosen_until=NOW - 90.0,
    seen_attack=NOBODY,
    seen_legitimate=NOBODY,
    newly_attack=Split(430, 200),
    newly_legitimate=NOBODY,
    freed=NOBODY,
    rules=(),
    bound=BOUND,
    disagreement=Disagreement(100, 0),
    lost=0.0,
    took_s=0.2,
    caveats=(),
)
PROPOSED = Recommendation(
    id="4f",
    tenant="default",
    kind="deny-stuffers",
    detector="D3",
    finding="f",
    key="login",
    route="login",
    title="Deny 200 addresses on login",
    reason="They try stolen passwords.",
    patch=Patch("b", ()),
    rules=("deny-stuffers-login",),
    lasts_s=3600,
    evidence=Evidence((), 0, "", (), (), None, ()),
    confidence=0.9,
    created_at=NOW - 20.0,
    expires_at=NOW + 3600.0,
    replay=REPLAY,
)
OTHER = Patch("b", (RemoveRule("old"),))
AT_ONCE = Moments(NOW, NOW, NOW, NOW)


def proposed(**changes: object) -> Reviewed:
    return Reviewed(msgspec.structs.replace(PROPOSED, **changes), "open", NOW)


class Paper:
    """A desk with what a test lays on it; `shuts` makes each call fail."""

    def __init__(self, *lying: Reviewed, realised: Realised | None = None, shuts: bool = False) -> None:
        self.lying = lying
        self.asked: list[tuple[str, Approve]] = []
        self._realised = realised
        self._shuts = shuts

    def proposed(self) -> tuple[Reviewed, ...]:
        if self._shuts:
            raise NoAnswer("the control endpoint does not answer")
        return self.lying

    def review(self, which: str) -> ReviewInFull:
        (found,) = (each for each in self.lying if each.recommendation.id == which)
        diff = "--- a\n+++ b\n+  - name: deny-stuffers-login\n"
        digest = patch_digest(found.recommendation.patch)
        return ReviewInFull(
            found.recommendation, "open", NOW, realised=self._realised, diff=diff, patch=digest
        )

    def approve(self, which: str, asked: Approve) -> Reviewed:
        self.asked.append((which, asked))
        approval = Approval(asked.mode, 0.0, NOW + 3600.0, "r", BOUND, NOW, "demo-operator", asked.reason)
        return Reviewed(self.review(which).recommendation, "approved", NOW, approval)


def at(desk: Paper) -> tuple[Operator, io.StringIO]:
    out = io.StringIO()
    narrator = Narrator(Console(file=out, width=200))
    return Operator(desk, lambda: NOW, narrator, pages="http://127.0.0.1:8090"), out


class Moving(Paper):
    """A desk on which the change becomes another one while it is read, once."""

    def approve(self, which: str, asked: Approve) -> Reviewed:
        if not self.asked:
            self.asked.append((which, asked))
            self.lying = (proposed(patch=OTHER, title="Deny 300 addresses on login"),)
            raise NoAnswer("the recommendation has changed since you looked at it")
        return super().approve(which, asked)


async def test_what_has_changed_while_it_was_read_is_read_again_and_only_then_approved() -> None:
    desk = Moving(proposed())
    operator, out = at(desk)
    later = Moments(NOW, NOW, NOW, NOW + 60.0)
    assert await operator.work("deny-stuffers", later) is not None
    digests = [asked.patch for _, asked in desk.asked]
    assert digests == [patch_digest(PROPOSED.patch), patch_digest(OTHER)]
    assert "reads «Deny 300 addresses on login»" in out.getvalue()


async def test_what_is_replayed_is_read_out_and_approved_in_mode_enforce_for_as_long_as_it_should_last() -> (
    None
):
    desk = Paper(proposed(id="other", kind="limit-logins"), proposed())
    operator, out = at(desk)
    decided = await operator.work("deny-stuffers", AT_ONCE)
    assert decided is not None
    assert (decided.ready_at, decided.reviewed.state) == (NOW, "approved")
    ((which, asked),) = desk.asked
    assert (which, asked.mode, asked.lasts_s) == ("4f", "enforce", 3600)
    said = out.getvalue()
    assert "http://127.0.0.1:8090/recommendations/4f" in said
    assert "Deny 200 addresses on login" in said
    assert "They try stolen passwords." in said
    assert "of attackers: 430 requests of 200 identities" in said
    assert "of legitimate clients: 0 requests of 0 identities" in said
    assert "disagrees in 0.00% of 100 decisions" in said
    assert "0 of 299 legitimate identities, at most 1.00%" in said
    assert "+  - name: deny-stuffers-login" in said


async def test_without_a_replay_nothing_is_approved() -> None:
    desk = Paper(proposed(replay=None))
    operator, out = at(desk)
    assert await operator.work("deny-stuffers", AT_ONCE) is None
    assert desk.asked == []
    assert "no recommendation deny-stuffers" in out.getvalue()


async def test_a_control_endpoint_that_does_not_answer_is_told_as_no_recommendation() -> None:
    operator, _ = at(Paper(shuts=True))
    assert await operator.work("deny-stuffers", AT_ONCE) is None


async def test_when_no_replay_covers_the_attack_in_time_the_one_that_is_there_is_read() -> None:
    desk = Paper(proposed())
    operator, _ = at(desk)
    late = msgspec.structs.replace(AT_ONCE, covers=NOW + 5.0)
    assert await operator.work("deny-stuffers", late) is not None


async def test_the_account_is_the_last_that_is_told_when_patience_ends() -> None:
    told = Realised("4f", NOW - 10.0, NOW, Split(300, 190), NOBODY, BOUND)
    operator, _ = at(Paper(proposed(), realised=told))
    assert await operator.account("4f", NOW + 4.0, patience_s=0.0) == told
    none, _ = at(Paper(proposed()))
    assert await none.account("4f", NOW, patience_s=0.0) is None


async def test_a_denial_of_a_scanner_is_left_before_anything_else_with_a_replay() -> None:
    kinds: tuple[Kind, ...] = ("limit-client", "deny-scanner")
    desk = Paper(*(proposed(id=kind, kind=kind) for kind in kinds), proposed(id="bare", replay=None))
    operator, _ = at(desk)
    left = await operator.left(0.0)
    assert left is not None
    assert left.id == "deny-scanner"
    nothing, _ = at(Paper(proposed(replay=None)))
    assert await nothing.left(0.0) is None


def test_long_lines_of_a_difference_are_cut_and_many_are_counted() -> None:
    lines = [f"+line {number}" for number in range(MOST_LINES + 3)]
    told = list(changed_lines("\n".join(["--- a", "+++ b", " same", "+" + "x" * 500, *lines])))
    assert len(told[0]) == WIDEST
    assert told[0].endswith("…")
    assert told[-1] == "… and 4 more lines"
    assert not [line for line in told if "same" in line or "+++" in line]


def test_a_recommendation_without_a_replay_is_read_without_one() -> None:
    bare = ReviewInFull(msgspec.structs.replace(PROPOSED, replay=None), "open", NOW)
    assert not [line for line in reading_of(bare) if "refused" in line]
