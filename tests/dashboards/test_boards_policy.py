"""The seeded truth, as the policy's board shows it."""

from dashboards.boards.policy import BOARD
from tests.dashboards.conftest import Asking
from tests.dashboards.seeded import FAILED, LOGIN, ORDERS, REFUSED, TENANT


def test_rules_tell_what_they_refuse_and_would_refuse(answer: Asking) -> None:
    found = answer(BOARD, "rules")
    rows = set(zip(*found.values, strict=True))
    assert rows == {("strict", "shadow", LOGIN, 1), ("plan", "enforced", REFUSED, 1)}


def test_effects_are_told_apart_by_revision(answer: Asking) -> None:
    found = answer(BOARD, "effects")
    counts = dict(zip(found.of("judged_by"), found.of("request_count"), strict=True))
    assert counts == {"a" * 12: ORDERS, "b" * 12: LOGIN}
    errors = dict(zip(found.of("judged_by"), found.of("server_error_share"), strict=True))
    assert errors == {"a" * 12: FAILED / ORDERS, "b" * 12: 0}


def test_the_adaptive_limit_tells_whom_it_is_for(answer: Asking) -> None:
    found = answer(BOARD, "overlays")
    assert found.of("whom") == ("ip:10.0.0.1",)
    assert found.of("requests_per_second") == (2.0,)


def test_recommendations_are_listed_open_ones_first_with_what_was_promised(answer: Asking) -> None:
    found = answer(BOARD, "recommendations")
    assert found.of("state") == ("open", "approved")
    assert found.of("id") == (f"{TENANT}-r0", f"{TENANT}-r1")
    assert found.of("harm_promised") == (0.01, 0.01)
    funnel = answer(BOARD, "funnel")
    assert dict(zip(funnel.of("state"), funnel.of("recommendation_count"), strict=True)) == {
        "open": 1,
        "approved": 1,
    }


def test_realised_harm_stands_beside_the_promised_bound(answer: Asking) -> None:
    found = answer(BOARD, "promised-realised")
    assert found.of("verdict") == ("within",)
    assert (found.of("promised_bound"), found.of("realised")) == ((0.01,), (0.0025,))
    assert (found.of("id"), found.of("standing")) == ((f"{TENANT}-r1",), ("holds",))


def test_revisions_tell_who_changed_the_policy_and_why(answer: Asking) -> None:
    found = answer(BOARD, "history")
    assert (found.of("author"), found.of("reason"), found.of("number")) == (("ana",), ("stuffing",), (2,))
