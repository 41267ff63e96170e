from analytics.lateness import KEPT_S, LOOK_EVERY_S, SPOOLED_S, Lateness
from warehouse.readers_analytics import MOST_CELLS


def test_rows_that_came_after_their_second_was_judged_are_counted_once() -> None:
    lateness = Lateness()
    lateness.judged([100, 100, 101], [3, 2, 7], 102)
    assert lateness.compare({100: 6, 101: 7}, 102) == [100]
    assert lateness.compare({100: 6, 101: 7}, 102) == []
    assert lateness.late == 1


def test_a_second_that_had_no_rows_counts_too() -> None:
    lateness = Lateness()
    lateness.judged([], [], 200)
    assert lateness.compare({150: 4}, 200) == [150]


def test_seconds_that_are_not_judged_yet_are_not_late() -> None:
    assert Lateness().compare({300: 5}, 300) == []


def test_it_looks_now_and_then_and_forgets() -> None:
    lateness = Lateness()
    lateness.judged([100], [1], 101)
    lateness.compare({}, 101)
    assert not lateness.is_due(101 + LOOK_EVERY_S - 1)
    assert lateness.is_due(101 + LOOK_EVERY_S)
    assert lateness.compare({100: 1}, 300) == []
    lateness.judged([], [], 101 + SPOOLED_S + KEPT_S + 1)
    assert lateness.compare({100: 1}, 300) == [100]


def test_it_looks_further_back_while_a_spool_is_drained_and_a_while_longer() -> None:
    lateness = Lateness()
    assert lateness.reach_s(10_000, 0) == KEPT_S
    assert lateness.reach_s(10_010, 7) == SPOOLED_S
    assert lateness.reach_s(10_010 + KEPT_S - 1, 0) == SPOOLED_S
    assert lateness.reach_s(10_010 + KEPT_S, 0) == KEPT_S


def test_a_second_that_was_read_in_part_says_nothing_of_rows_to_come() -> None:
    lateness = Lateness()
    lateness.judged([100] * MOST_CELLS + [101], [1] * MOST_CELLS + [5], 102)
    assert lateness.compare({100: MOST_CELLS + 40, 101: 6}, 102) == [101]
    assert lateness.late == 1
