import msgspec

from analytics.choosing import limit_of
from analytics.denials import AFTERWARDS_S, denied_by
from analytics.engine import Engine
from analytics.labels import Vouched
from analytics.proposer import (
    EVERY_S,
    REFRESH_S,
    USELESS_S,
    YOUNG_REFRESH_S,
    YOUNG_S,
    Proposer,
    is_stale,
)
from analytics.withdrawing import USELESS
from kernel.patch import Patch
from kernel.policy import Limit, Route
from kernel.recommendations import Recommendation
from kernel.replays import Choice
from tests.analytics.policies import policy
from tests.analytics.proposing import Witnessing, finding_of
from tests.analytics.replayed import replayed
from tests.analytics.traffic import Request, greedy, login, quiet, scanning, stuffing, windows_of
from warehouse.conduct import Conduct


class Play:
    """A proposer whose engine has found a greedy client and a scanner, or what else is in the traffic."""

    def __init__(self, *attack: Request) -> None:
        self.witness = Witnessing()
        self.proposer = Proposer(self.witness)
        self.engine = Engine("default")
        unusual = attack or (*greedy(84.0, 90.0), *scanning(84.0, 90.0))
        windows = windows_of(sorted([*quiet(seconds=90, rate=120.0), *unusual]))
        self.now = float(windows[-1].second + 1)
        self.engine.advance(windows, windows[-1].second + 1, self.now)

    def look(self, *, later: float = 0.0, revision: str = "r1") -> tuple[Recommendation, ...]:
        self.now += later
        return self.proposer.look(self.now, self.engine, policy=policy(), revision=revision)


def test_a_finding_is_proposed_of_with_evidence() -> None:
    play = Play()
    found = play.look()
    assert {each.kind for each in found} == {"limit-client", "deny-scanner"}
    for each in found:
        assert each.evidence.identities == 1
        assert each.evidence.attributes
        assert each.evidence.samples
    (limited,) = (each for each in found if each.kind == "limit-client")
    assert limited.evidence.peers is not None
    assert 0 < limited.evidence.peers.p50 <= limited.evidence.peers.p999 < limited.evidence.peers.observed


def test_what_was_not_taken_is_told_again_and_what_was_is_not() -> None:
    play = Play()
    first = play.look()
    assert play.look(later=1.0) == ()
    again = play.look(later=EVERY_S)
    assert [each.id for each in again] == [each.id for each in first]
    play.proposer.told(again, play.now)
    assert play.look(later=EVERY_S) == ()


def test_what_somebody_reads_does_not_change_but_for_its_evidence() -> None:
    play = Play()
    first = play.look()
    play.proposer.told(first, play.now)
    later = play.look(later=REFRESH_S)
    for before, after in zip(first, later, strict=True):
        assert after.patch == before.patch
        assert msgspec.structs.replace(after, evidence=before.evidence) == before
        assert after.evidence.samples != before.evidence.samples


def test_another_policy_gets_proposals_on_its_base() -> None:
    play = Play()
    first = play.look()
    play.proposer.told(first, play.now)
    later = play.look(later=EVERY_S, revision="r2")
    assert {each.patch.base for each in later} == {"r2"}
    assert [each.created_at for each in later] == [each.created_at for each in first]


def test_the_warehouse_is_not_asked_at_every_look() -> None:
    play = Play()
    play.look()
    asked = len(play.witness.asked)
    play.look(later=EVERY_S)
    assert len(play.witness.asked) == asked
    play.look(later=REFRESH_S)
    assert len(play.witness.asked) == 2 * asked


def stuffed() -> Play:
    """Logins as usual, then stolen passwords."""
    usual = [login(at / 2, f"ip:10.1.0.{at}", f"user{at}", success=True) for at in range(160)]
    return Play(*usual, *stuffing(84.0, 90.0))


def denial_of(found: tuple[Recommendation, ...]) -> Recommendation:
    """The one against stuffers."""
    (made,) = (each for each in found if each.kind == "deny-stuffers")
    return made


def test_a_denial_grows_with_whom_the_attack_is_traced_to() -> None:
    play = stuffed()
    first = play.look()
    assert len(denied_by(denial_of(first).patch)) == 30
    play.proposer.told(first, play.now)
    play.witness.stuffers = 31  # not worth to change what somebody reads
    assert play.look(later=YOUNG_REFRESH_S) == ()
    play.witness.stuffers = 60
    grown = denial_of(play.look(later=YOUNG_REFRESH_S))
    assert len(denied_by(grown.patch)) == 60
    assert (grown.id, grown.created_at) == (denial_of(first).id, denial_of(first).created_at)


def test_who_turns_out_to_be_in_ordinary_use_is_denied_no_more() -> None:
    play = stuffed()
    first = play.look()
    play.proposer.told(first, play.now)
    play.witness.known = Conduct(ordinary=frozenset({"ip:198.51.100.7"}))
    assert len(denied_by(denial_of(play.look(later=YOUNG_REFRESH_S)).patch)) == 29


def test_what_ended_is_proposed_of_for_half_an_hour_and_asked_about_once() -> None:
    play = stuffed()
    first = play.look()
    play.proposer.told(first, play.now)
    end = play.engine.second + 100
    play.engine.advance(windows_of([]), end, play.now)
    assert not play.engine.tracker.open
    play.witness.stuffers = 32
    last = denial_of(play.look(later=YOUNG_REFRESH_S))  # the last few of it count, too
    assert len(denied_by(last.patch)) == 32
    play.proposer.told((last,), play.now)
    play.look(later=EVERY_S)
    asked = len(play.witness.asked)
    play.look(later=AFTERWARDS_S / 2)
    assert len(play.witness.asked) == asked
    revised = play.look(later=EVERY_S, revision="r2")
    assert [each.id for each in revised] == [last.id]
    assert play.look(later=AFTERWARDS_S, revision="r3") == ()


def test_evidence_is_stale_sooner_while_stuffed_logins_are_young() -> None:
    finding = finding_of("D3", route="login")
    young, old = finding.found_at + YOUNG_S - 1, finding.found_at + YOUNG_S
    assert is_stale(finding, young - YOUNG_REFRESH_S, young)
    assert not is_stale(finding, old - YOUNG_REFRESH_S, old)
    assert is_stale(finding, old - REFRESH_S, old)
    ended = msgspec.structs.replace(finding, closed_at=old)
    assert [is_stale(ended, at, old + 99) for at in (old, old + 1)] == [True, False]


def limits_of(found: tuple[Recommendation, ...]) -> dict[str, Limit | None]:
    """The limits that proposals add, by kind."""
    return {each.kind: limit_of(each) for each in found}


def test_the_value_that_a_replay_chose_is_proposed_and_stays() -> None:
    play = Play()
    first = play.look()
    play.proposer.told(first, play.now)
    better = Choice(0.5, 3, 0.9, 0.1, 0)
    play.proposer.hear([replayed(each, better) for each in first], play.now)
    (again,) = (each for each in play.look(later=EVERY_S) if each.kind == "limit-client")
    limit = limit_of(again)
    assert limit is not None
    assert (limit.rate, limit.burst) == (0.5, 3)
    play.proposer.told((again,), play.now)
    later = play.look(later=REFRESH_S)
    assert limits_of(later)["limit-client"] == limit
    revised = limits_of(play.look(later=EVERY_S, revision="r2"))["limit-client"]  # made anew, replayed anew
    assert revised is not None
    assert revised.rate != 0.5


def test_the_replay_of_what_was_proposed_before_chooses_nothing() -> None:
    play = Play()
    first = play.look()
    play.proposer.told(first, play.now)
    others = [
        msgspec.structs.replace(replayed(each, Choice(0.5, 3, 0.9, 0.1, 0)), patch=Patch("old", ()))
        for each in first
    ]
    play.proposer.hear(others, play.now)
    assert play.look(later=EVERY_S) == ()


def test_a_limit_of_no_use_is_taken_back_and_left_alone_for_a_while() -> None:
    play = Play()
    first = play.look()
    play.proposer.told(first, play.now)
    useless = Choice(1.0, 3, 0.05, 0.0, 0)
    heard = [replayed(each, useless) if each.kind == "limit-client" else each for each in first]
    play.proposer.hear(heard, play.now)
    assert {each.kind for each in play.look(later=REFRESH_S)} == {"deny-scanner"}
    (gone,) = play.proposer.outdated(play.now, policy())
    (limited,) = (each for each in first if each.kind == "limit-client")
    assert (gone.recommendation, gone.reason) == (limited.id, USELESS)
    play.proposer.withdrew([gone])
    assert play.proposer.outdated(play.now, policy()) == ()
    assert "limit-client" in {each.kind for each in play.look(later=USELESS_S)}


def test_what_another_process_proposed_is_taken_up_and_taken_back_when_it_is_over() -> None:
    play = Play()
    before = Play().look()
    old = msgspec.structs.replace(before[0], id="0" * 16, key="old", finding="gone")
    play.proposer.hear([*before, old], play.now)
    assert play.look() == ()  # all of it is known
    assert play.proposer.outdated(play.now, policy()) == ()
    play.look(later=AFTERWARDS_S)
    play.proposer.hear([*before, old], play.now)
    assert [each.recommendation for each in play.proposer.outdated(play.now, policy())] == [old.id]


def test_nothing_is_proposed_against_whom_operators_vouch_for() -> None:
    play = Play()
    first = play.look()
    play.proposer.told(first, play.now)
    limited, denied = sorted(first, key=lambda each: each.kind, reverse=True)
    vouched = Vouched(frozenset({limited.finding}), frozenset({denied.key}))
    play.proposer.hear(first, play.now, vouched=vouched)
    assert play.look(later=REFRESH_S) == ()
    gone = {each.recommendation: each.reason for each in play.proposer.outdated(play.now, policy())}
    assert gone == {
        limited.id: "An operator calls its finding legitimate.",
        denied.id: "An operator calls whom it is about legitimate.",
    }
    play.proposer.withdrew(play.proposer.outdated(play.now, policy()))
    play.proposer.hear((), play.now)  # the labels were taken back
    assert {each.id for each in play.look(later=EVERY_S)} == {limited.id, denied.id}


def test_a_denial_spares_whom_an_operator_vouches_for() -> None:
    play = stuffed()
    first = play.look()
    play.proposer.told(first, play.now)
    vouched = Vouched(identities=frozenset({"ip:198.51.100.7"}))
    play.proposer.hear(first, play.now, vouched=vouched)
    assert len(denied_by(denial_of(play.look(later=EVERY_S)).patch)) == 29


def test_after_a_restart_a_denial_of_stuffers_that_are_gone_is_proposed_still() -> None:
    """With what came since: the rule's name is of the first finding."""
    play = stuffed()
    before = play.look()
    found = play.engine.tracker.open
    end = play.engine.second + 100
    play.engine.advance(windows_of([]), end, play.now)
    ended = [msgspec.structs.replace(each, closed_at=float(end)) for each in found]
    after = Play(*quiet(seconds=1, rate=1.0))
    after.now = float(end)
    after.engine.tracker.restore(ended)
    (heard,) = (msgspec.structs.replace(each, replay=None) for each in [denial_of(before)])
    after.proposer.hear([heard], after.now)
    after.look()
    login = Route(name="login", path="/login", upstream="shop")
    known = msgspec.structs.replace(policy(), routes=(*policy().routes, login))
    after.look(later=AFTERWARDS_S - 50)
    assert after.proposer.outdated(after.now + 60, known) == ()  # it was wanted until just now
    after.look(later=100)
    after.look(later=AFTERWARDS_S)
    assert [each.recommendation for each in after.proposer.outdated(after.now, known)] == [heard.id]


def test_what_is_proposed_of_another_finding_by_now_is_not_taken_back() -> None:
    play = Play()
    first = play.look()
    (limited,) = (each for each in first if each.kind == "limit-client")
    other = msgspec.structs.replace(limited, finding="other")
    play.proposer.told([*first, other], play.now)
    vouched = Vouched(frozenset({limited.finding}))
    play.proposer.hear(first, play.now, vouched=vouched)  # the console's answer is older
    assert play.proposer.outdated(play.now, policy()) == ()
