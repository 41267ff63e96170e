"""The seeded truth, as the health's board shows it."""

from dashboards.boards.health import BOARD
from tests.dashboards.conftest import Asking
from tests.dashboards.seeded import DROPPED, OFFERED


def test_what_was_dropped_is_counted_once(answer: Asking) -> None:
    assert answer(BOARD, "lost").values == ((DROPPED,),)


def test_the_flow_adds_up_to_what_the_workers_offered(answer: Asking) -> None:
    found = answer(BOARD, "flow")
    assert sum(float(value or 0) for value in found.of("offered")) == OFFERED
    assert sum(float(value or 0) for value in found.of("dropped")) == DROPPED


def test_what_waits_is_summed_over_workers(answer: Asking) -> None:
    assert max(float(value or 0) for value in answer(BOARD, "queue").of("in_memory")) == 4


def test_the_workers_tell_how_long_they_are_silent(answer: Asking) -> None:
    found = answer(BOARD, "workers")
    assert found.of("worker") == ("w1", "w2")
    assert found.of("silent_s") == (10, 10)
    assert found.of("dropped_since_start") == (DROPPED, 0)
    assert answer(BOARD, "behind").values == ((5,),)


def test_two_revisions_at_once_are_seen(answer: Asking) -> None:
    assert set(answer(BOARD, "skew").of("revisions")) == {1, 2}


def test_proxies_tell_how_long_ago_they_asked(answer: Asking) -> None:
    assert answer(BOARD, "proxies").of("silent_s") == (3,)
