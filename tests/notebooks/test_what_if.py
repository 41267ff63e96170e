"""The what-if, run without a browser: the real engine over known rows."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from dashboards.expansion import TimeRange
from kernel.control import PolicyInForce
from kernel.limits import Quota
from kernel.patch import AddLimit, Patch
from kernel.policy import Limit
from kernel.recommendations import Recommendation, Reviewed
from kernel.replays import ReplayReport, Split
from notebooks.settings import Settings
from notebooks.trials import Desk
from notebooks.what_if import app
from tests.analytics.controls import TOKEN, endpoint
from tests.analytics.replays import HASH_KEY, SINCE
from tests.console.proposing import recommendation
from tests.notebooks.running import NOWHERE, run
from tests.notebooks.trying import (
    BASE,
    GREEDY_REFUSED,
    GREEDY_REFUSED_AT_TWO,
    PEER_REFUSED,
    STRICT,
    TRIED,
    UNTIL,
)

PRESSED = SimpleNamespace(value=True)  # a button of marimo's
TIMES = {"now": UNTIL, "span": TimeRange(SINCE, UNTIL)}


def known(url: str) -> Settings:
    return Settings(warehouse=url, tenant=TRIED, hash_key=HASH_KEY)


def tried(url: str, base: str = BASE, candidate: str = STRICT, **given: Any) -> tuple[str, Mapping[str, Any]]:
    """Both policies pasted, Replay pressed."""
    pasted = {"form": None, "desk": Desk(tenant=TRIED), "base": base, "candidate": candidate, "go": PRESSED}
    return run(app, known=known(url), **TIMES, **(pasted | given))


def test_two_values_are_replayed_and_stand_beside_each_other(crowd_url: str) -> None:
    quotas = {"A": Quota(1.0, 2), "B": Quota(2.0, 2)}
    shown, defined = tried(crowd_url, quotas=quotas)
    one, other = (defined["reports"][name] for name in ("A", "B"))
    assert (one.newly_attack, one.newly_legitimate) == (Split(GREEDY_REFUSED, 1), Split(3 * PEER_REFUSED, 3))
    assert (other.newly_attack, other.newly_legitimate) == (Split(GREEDY_REFUSED_AT_TWO, 1), Split(0, 0))
    assert f"Would newly refuse {GREEDY_REFUSED} of 600 attack requests" in shown
    assert "177 of 564 legitimate ones" in shown
    assert "A (1/s, burst 2): Would" in shown
    assert "refused: 3 of n = 20, at most 34.37% with 95% confidence." in shown
    assert "refused: 0 of n = 20, at most 13.91% with 95% confidence." in shown
    assert "Limit against harm: strict" in shown
    assert "others refused at all: bound" in shown
    assert "What a refused client would have done next is unknown" in shown
    assert "ip:10.0.0.99" in shown


def test_the_sliders_begin_at_the_candidates_value_and_at_twice_it(crowd_url: str) -> None:
    _, defined = tried(crowd_url)
    assert defined["rule"].value == "strict"
    assert defined["quotas"] == {"A": Quota(1.0, 2), "B": Quota(2.0, 4)}
    assert defined["reports"]["A"].newly_attack.requests == GREEDY_REFUSED


def test_a_candidate_without_a_changed_limit_is_replayed_as_it_is(crowd_url: str) -> None:
    deny = 'access: [{name: out, action: deny, networks: ["10.0.0.99/32"]}]\n'
    shown, defined = tried(crowd_url, candidate=BASE + deny)
    reports: dict[str, ReplayReport] = defined["reports"]
    assert {name: each.newly_attack.requests for name, each in reports.items()} == {"As it is": 600}
    assert "Limit against harm" not in shown


def test_a_looser_value_says_whom_it_admits(crowd_url: str) -> None:
    chosen = {"rule": SimpleNamespace(value="strict"), "quotas": {"A": Quota(100.0, 200)}}
    shown, _ = tried(crowd_url, base=STRICT, candidate=STRICT, **chosen)
    admitted = GREEDY_REFUSED + 3 * PEER_REFUSED
    assert f"Would admit {admitted} requests of 4 identities that were refused." in shown


def test_nothing_is_replayed_before_the_button_is_pressed(crowd_url: str) -> None:
    shown, defined = run(
        app, known=known(crowd_url), form=None, desk=Desk(), base=BASE, candidate=STRICT, **TIMES
    )
    assert "Press Replay." in shown
    assert "reports" not in defined


def proposed() -> Recommendation:
    limit = Limit(name="strict", rate=1.0, burst=2, mode="shadow")
    made = recommendation()
    return Recommendation(
        **{name: getattr(made, name) for name in made.__struct_fields__}
        | {"patch": Patch("", (AddLimit(limit),)), "title": "Limit everybody"}
    )


def test_an_open_recommendation_of_the_console_is_the_candidate(crowd_url: str) -> None:
    with endpoint() as console:
        console.reviewed = (Reviewed(proposed(), "open", 1_000.0),)
        console.answers = {
            "/v1/policy": PolicyInForce(TRIED, "r", BASE, "me", "", 1.0),
            "/v1/labels": (),
        }
        settings = Settings(crowd_url, "another", console.url, TOKEN, HASH_KEY)
        shown, defined = run(app, known=settings, form=None, go=PRESSED, **TIMES)
    assert "Limit everybody" in shown
    assert defined["which"].value == proposed().id
    assert (defined["base"], defined["tenant"].value) == (BASE, TRIED)
    assert "name: strict" in defined["candidate"]
    assert "mode: shadow" not in defined["candidate"]
    assert defined["reports"]["A"].newly_attack == Split(GREEDY_REFUSED, 1)


def test_of_no_requests_nothing_is_known(crowd_url: str, tenant: str) -> None:
    shown, defined = tried(crowd_url, desk=Desk(tenant=tenant))
    assert defined["reports"]["A"].bound.upper == 1.0
    assert "There were no requests in that time: nothing is known." in shown
    assert "unknown: no legitimate identity was seen" in shown


@pytest.mark.parametrize("text", ["routes: 1", "{"])
def test_a_broken_policy_is_told_in_a_sentence(crowd_url: str, text: str) -> None:
    shown, defined = tried(crowd_url, candidate=text)
    assert "policy:1:" in shown
    assert "Traceback" not in shown
    assert "reports" not in defined


def test_a_warehouse_that_does_not_answer_is_told_in_a_sentence() -> None:
    shown, defined = tried(NOWHERE)
    assert "the warehouse does not answer (connection refused): http://127.0.0.1:9." in shown
    assert "s3cret" not in shown
    assert "reports" not in defined
