import numpy as np

from analytics.cusum import H, Shift, cusum, either, is_since_calm, shifted


def test_the_best_suffix_says_when_the_shift_began() -> None:
    score, windows = cusum(np.array([[3.0, 4.0, 5.0, -9.0, 1.0]]))
    assert score[0] == 12.0
    assert windows[0] == 3


def test_no_shift_scores_zero() -> None:
    assert cusum(np.full((2, 8), -1.0))[0].tolist() == [0.0, 0.0]


def shift_of(steps: list[float], x: list[float], *, level: float) -> Shift:
    weights = np.full((1, len(steps)), 10.0)
    return shifted(np.array([steps]), np.array([x]), weights, level=np.array([level]), least_us=5_000.0)


def test_three_bad_windows_are_ripe_and_a_stall_over_two_is_not() -> None:
    level, slow = np.log(10_000.0), np.log(50_000.0)
    assert shift_of([7.0, 7.0, 7.0, -1.0], [slow, slow, slow, level], level=level).ripe[0]
    assert not shift_of([H + 5, H + 5, -1.0], [slow, slow, level], level=level).ripe[0]
    assert not shift_of([1.0, H, H, -1.0], [level + 0.2, slow, slow, level], level=level).ripe[0]


def test_what_lies_behind_three_calm_windows_is_another_incident() -> None:
    level, slow = np.log(10_000.0), np.log(50_000.0)
    x = [slow] * 3 + [level] * 3 + [slow] * 6
    shift = shift_of([7.0] * 3 + [-1.0] * 3 + [7.0] * 6, x, level=level)
    assert (shift.windows[0], shift.score[0]) == (3, 21.0)
    broken = shift_of([7.0, -1.0, -1.0, 7.0, 7.0], [slow, level, level, slow, slow], level=level)
    assert broken.windows[0] == 5


def test_a_missing_window_is_neither_calm_nor_bad() -> None:
    steps = np.array([[5.0, -1.0, -1.0, 0.0, 0.0, -1.0, 5.0]])
    assert is_since_calm(steps).tolist() == [[True] * 5 + [False] * 2]


def test_a_shift_of_microseconds_is_not_worth_a_finding() -> None:
    level, slow = np.log(100.0), np.log(1_000.0)
    assert not shift_of([7.0, 7.0, 7.0], [slow] * 3, level=level).ripe[0]


def test_what_is_over_is_not_ripe_and_does_not_last() -> None:
    level, slow = np.log(10_000.0), np.log(50_000.0)
    x = [level] * 6 + [slow] * 6
    shift = shift_of([-1.0] * 6 + [7.0] * 6, x, level=level)
    assert not shift.ripe[0]
    assert not shift.lasting[0]


def test_either_takes_the_ripe_one() -> None:
    level, slow = np.log(10_000.0), np.log(50_000.0)
    quiet = shift_of([-1.0] * 3, [level] * 3, level=level)
    bad = shift_of([7.0] * 3, [slow] * 3, level=level)
    assert either(quiet, bad).score[0] == bad.score[0]
    assert either(quiet, bad).ripe[0]
