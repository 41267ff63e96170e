"""The seeded truth, as the policy's board shows it."""

from dashboards.boards.policy import BOARD
from tests.dashboards.conftest import Asking
from tests.dashboards.seeded import FAILED, LOGIN, ORDERS, REFUSED


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
