"""Which findings a recommendation answers, and which recommendations are worth a look."""

import msgspec

from console.web.offers import acts_on, is_about, is_idle, stopped, usefulness
from kernel.patch import AddAccess, Patch
from kernel.policy import AccessRule
from kernel.recommendations import Reviewed
from kernel.replays import Split
from tests.console.web_proposals import proposal
from tests.console.web_seed import burst


def test_an_attack_that_comes_back_is_answered_by_what_answered_it_before() -> None:
    again = msgspec.structs.replace(burst("t", 1_000.0), id="later")
    earlier = proposal("t", 1_000.0, finding="earlier")
    assert is_about(earlier, again)  # of the same detector, about the same route
    assert is_about(msgspec.structs.replace(earlier, route="", key=again.identity), again)
    assert not is_about(msgspec.structs.replace(earlier, detector="D7"), again)
    assert not is_about(msgspec.structs.replace(earlier, route="search", key="search"), again)
    assert not is_about(earlier, msgspec.structs.replace(again, route="", identity="", key="upstream:shop"))


def test_a_rule_that_denies_an_address_acts_on_every_finding_about_it() -> None:
    scan = msgspec.structs.replace(burst("t", 1_000.0), id="scan", detector="D7", identity="ip:10.1.2.3")
    rule = AccessRule(name="no", action="deny", networks=("10.1.2.0/24", "2001:db8::/32"))
    denial = msgspec.structs.replace(
        proposal("t", 1_000.0, finding="other"), route="", key="other", patch=Patch("", (AddAccess(rule),))
    )
    assert acts_on(denial, scan)
    assert not acts_on(denial, msgspec.structs.replace(scan, identity="ip:10.9.2.3"))
    assert not acts_on(denial, msgspec.structs.replace(scan, identity="consumer:shop"))
    assert acts_on(denial, msgspec.structs.replace(scan, identity="ip:2001:db8:1:2::/64"))
    elsewhere = AddAccess(msgspec.structs.replace(rule, routes=("search",)))
    assert not acts_on(msgspec.structs.replace(denial, patch=Patch("", (elsewhere,))), scan)
    allowed = AddAccess(msgspec.structs.replace(rule, action="allow"))
    assert not acts_on(msgspec.structs.replace(denial, patch=Patch("", (allowed,))), scan)


def test_what_refuses_the_most_of_an_attack_comes_first_and_what_refuses_nothing_last() -> None:
    good = proposal("t", 1_000.0, finding="f")
    assert good.replay is not None
    nothing = msgspec.structs.replace(good.replay, newly_attack=Split())
    unrouted = msgspec.structs.replace(nothing, unrouted_attack=Split(40, 1))
    idle, unknown, scanner = (
        msgspec.structs.replace(good, replay=replay) for replay in (nothing, None, unrouted)
    )
    gap = msgspec.structs.replace(idle, detector="")  # it is not about an attack
    assert [is_idle(each) for each in (good, idle, unknown, scanner, gap)] == [
        False,
        True,
        False,
        False,
        False,
    ]
    assert (stopped(good), stopped(scanner), stopped(unknown)) == (3_420, 40, 0)
    reviewed = [Reviewed(each, "open", 1_000.0) for each in (idle, unknown, scanner, good)]
    ordered = [each.recommendation for each in sorted(reviewed, key=usefulness)]
    assert ordered == [good, scanner, unknown, idle]
