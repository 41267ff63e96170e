"""Values to try, and what is said of a replay."""

import msgspec
import pytest

from kernel.limits import Quota
from kernel.patch import StalePatch
from kernel.replays import Bound, Split
from notebooks.trials import (
    Desk,
    Wanted,
    ask_console,
    bounded,
    bursts_around,
    candidate_of,
    limits_of,
    rates_around,
    tries_of,
    verdict,
)
from tests.analytics.controls import endpoint
from tests.analytics.replayed import report_of
from tests.analytics.replays import SINCE
from tests.console.proposing import recommendation
from tests.notebooks.trying import BASE, STRICT


def test_a_slider_has_the_value_itself_and_goes_to_eight_times() -> None:
    rates, bursts = rates_around(1.2345), bursts_around(2)
    assert 1.2345 in rates
    assert (min(rates), max(rates)) == (0.154, 9.88)
    assert (min(bursts), max(bursts), 2 in bursts) == (1, 16, True)
    assert max(rates_around(90_000.0)) == 100_000.0


def test_the_limits_that_the_candidate_changes_can_be_tried() -> None:
    assert limits_of(BASE, STRICT, SINCE) == {"strict": Quota(1.0, 2)}
    assert limits_of(BASE, BASE, SINCE) == {"wide": Quota(100.0, 200)}
    with pytest.raises(StalePatch, match="policy:1"):
        limits_of(BASE, "routes: 1", SINCE)


def test_a_try_changes_the_limit_alone() -> None:
    wanted = Wanted("t", BASE, STRICT, 0.0, 1.0, "strict")
    tries = tries_of(wanted, {"A": Quota(0.5, 7)}, labels=(), now=SINCE)
    assert limits_of(BASE, tries["A"].candidate, SINCE) == {"strict": Quota(0.5, 7)}
    assert tries_of(wanted, {}, labels=(), now=SINCE) == {"As it is": wanted}


def test_a_recommendation_that_does_not_fit_says_why() -> None:
    made = recommendation()
    desk = Desk(BASE, open=(made,))
    candidate, why = candidate_of(desk, made.id, SINCE)
    assert candidate == BASE
    assert "does not fit the policy in force: " in why
    assert "catalogue" in why  # its route
    assert candidate_of(desk, "", SINCE) == (BASE, "")


def test_a_console_that_does_not_help_says_why() -> None:
    assert "No console is known" in ask_console("", "").trouble
    assert "http://127.0.0.1:9 does not help" in ask_console("http://127.0.0.1:9", "").trouble
    with endpoint() as console:
        assert "401" in ask_console(console.url, "wrong").trouble


def test_what_no_route_takes_is_told_where_it_is_denied() -> None:
    report = report_of("strict", SINCE, None)
    assert "no route takes" not in verdict(report)
    scanned = msgspec.structs.replace(report, unrouted_attack=Split(120, 1))
    told = "Would deny what no route takes: 120 requests of 1 identity of attacks, 0 requests of 0 identities"
    assert told in verdict(scanned)


def test_a_bound_names_its_n() -> None:
    assert bounded(Bound(0, 299, 0.01)) == "0 of n = 299, at most 1.00% with 95% confidence"
    assert bounded(Bound(0, 0, 1.0)) == "0 of n = 0, unknown: no legitimate identity was seen"
