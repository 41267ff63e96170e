import numpy as np
import pytest

from analytics.seas import DAY_S, LEAST_VALUES, MEMORY, SLOT_S, Seas

ROW = np.array([0])


def value(x: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.array([x])


def taught(scale: str, values: list[float]) -> Seas:
    seas = Seas("log" if scale == "log" else "raw")
    for second, x in enumerate(values):
        seas.learn(second, ROW, value(x))
    return seas


def test_it_says_nothing_before_it_has_some_values() -> None:
    seas = taught("raw", [10.0] * (LEAST_VALUES - 1))
    assert seas.score(20, ROW, value(1e6))[0] == 0.0


@pytest.mark.parametrize("scale", ["raw", "log"])
def test_a_level_is_known_within_seconds(scale: str) -> None:
    draw = np.random.default_rng(1)
    seas = taught(scale, list(100.0 + 5.0 * draw.standard_normal(20)))
    assert abs(seas.score(20, ROW, value(104.0))[0]) < 3
    assert seas.score(20, ROW, value(300.0))[0] > 12


def test_a_drop_is_plain_on_the_log_scale() -> None:
    draw = np.random.default_rng(2)
    values = list(np.exp(4.0 + 0.4 * draw.standard_normal(100)))
    assert taught("log", values).score(100, ROW, value(2.0))[0] < -6
    assert taught("raw", values).score(100, ROW, value(2.0))[0] > -4


def test_a_fifth_of_wrong_values_moves_the_level_little() -> None:
    draw = np.random.default_rng(3)
    good = list(100.0 + draw.standard_normal(100))
    clean = taught("raw", good).expected(200, ROW)
    dirty = taught("raw", good + [1_000.0] * 25).expected(200, ROW)
    assert abs(dirty.level[0] - clean.level[0]) < 1.0 * clean.spread[0]


def test_missing_values_teach_nothing_and_score_nothing() -> None:
    seas = taught("raw", [10.0] * 20)
    before = seas.expected(30, ROW)
    seas.learn(30, ROW, value(float("nan")))
    assert seas.expected(30, ROW) == before
    assert seas.score(31, ROW, value(float("nan")))[0] == 0.0


def test_score_changes_nothing() -> None:
    seas = taught("raw", [10.0, 11.0] * 20)
    assert seas.score(40, ROW, value(50.0)) == seas.score(40, ROW, value(50.0))


def test_a_daily_season_is_learnt_after_two_days() -> None:
    seas = Seas("raw")
    for second in range(0, 3 * DAY_S, SLOT_S):
        hour = second % DAY_S / 3_600
        seas.learn(second, ROW, value(1_000.0 if 9 <= hour < 17 else 100.0))
    morning = 3 * DAY_S + 10 * 3_600
    assert abs(seas.expected(morning, ROW).level[0] - 1_000.0) < 50
    assert abs(seas.expected(3 * DAY_S + 3_600, ROW).level[0] - 100.0) < 50


def test_past_days_can_be_recalled_from_roll_ups() -> None:
    seas = Seas("raw")
    for second in range(0, 2 * DAY_S, SLOT_S):
        seas.recall(np.array([second]), ROW, value(500.0 if second % DAY_S < DAY_S / 2 else 50.0))
    for second in range(20):
        seas.learn(2 * DAY_S + second, ROW, value(500.0))
    assert abs(seas.expected(2 * DAY_S + 30, ROW).level[0] - 500.0) < 10
    assert abs(seas.expected(2 * DAY_S + DAY_S * 3 // 4, ROW).level[0] - 50.0) < 10


def test_memory_does_not_grow_with_time() -> None:
    seas = taught("raw", [float(each) for each in range(MEMORY * 5)])
    assert len(seas) == 1
    assert seas.expected(0, ROW).level[0] > MEMORY * 3.5
