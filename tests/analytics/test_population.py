import numpy as np
import pytest

from analytics.population import BINS, MOST_NARROW, STEPS, Population, fit, histograms
from analytics.windows import SPREADER, Gathered


def cells(hashes: "np.ndarray[tuple[int], np.dtype[np.uint64]]", scope: int = 0) -> Gathered:
    scopes = np.full(len(hashes), scope, np.int64)
    keys = hashes ^ (scopes.astype(np.uint64) * np.uint64(SPREADER))
    return Gathered(keys, scopes, hashes, np.ones(len(hashes), np.int64), np.arange(len(hashes)))


def sums(
    values: "np.ndarray[tuple[int], np.dtype[np.int64]]",
) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
    return np.repeat(values[:, None], 3, axis=1)


def test_maxima_last_ten_minutes() -> None:
    past, who = Population(), np.array([7], np.uint64)
    past.turn(60)
    past.learn(60, cells(who), sums(np.array([90])))
    for minute in range(2, 11):
        past.turn(minute * 60)
        past.learn(minute * 60, cells(who), sums(np.array([3])))
    assert past.own(who)[1].tolist() == [[90, 90, 90]]
    for minute in (11, 12):
        past.turn(minute * 60)
    assert past.own(who)[1].tolist() == [[3, 3, 3]]


def test_who_left_nothing_in_ten_minutes_is_forgotten() -> None:
    past = Population()
    past.turn(60)
    past.learn(60, cells(np.arange(1, 500, dtype=np.uint64)), sums(np.ones(499, np.int64)))
    past.turn(60 + 1_200)
    assert len(past) == 0


@pytest.mark.parametrize("share", [0.8, 1.0, 1.2])
def test_the_fitted_percentile_is_near_the_true_one_of_a_pareto_tail(share: float) -> None:
    draw = np.random.default_rng(3)
    values = np.rint(np.minimum(4.0 * draw.pareto(2.5, 20_000) + 4.0, 60_000)).astype(np.int64)
    bins = np.rint(np.log2(values) * STEPS).astype(np.int64)
    _, _, usual, _ = fit(histograms(np.zeros(len(values), np.int64), bins, 1))
    true = float(np.quantile(values, 0.999))
    assert true * 0.7 < float(usual[0]) < true * 1.6
    assert share > 0


def test_one_unnoticed_abuser_does_not_move_what_is_usual() -> None:
    draw = np.random.default_rng(4)
    values = draw.poisson(4.0, 500) + 1
    bins = np.rint(np.log2(values) * STEPS).astype(np.int64)
    before = fit(histograms(np.zeros(500, np.int64), bins, 1))[2][0]
    bins[0] = BINS - 1
    after = fit(histograms(np.zeros(500, np.int64), bins, 1))[2][0]
    assert after < before * 1.3


def test_an_empty_scope_has_numbers_too() -> None:
    tails = Population().tails(3)
    assert tails.identities.tolist() == [0, 0, 0]
    assert np.isfinite(tails.usual).all()


def test_narrow_scopes_are_sampled_and_everybody_is_kept_everywhere() -> None:
    past = Population()
    draw = np.random.default_rng(5)
    hashes = draw.integers(1, 2**63, 40_000, dtype=np.uint64) * np.uint64(2)
    past.turn(60)
    past.learn(60, cells(hashes), sums(np.ones(len(hashes), np.int64)))
    for scope in range(1, 5):
        sampled = hashes[past.is_sampled(hashes)]
        past.learn(60, cells(sampled, scope), sums(np.ones(len(sampled), np.int64)))
        past.turn(60)
    narrow = len(past) - len(hashes)
    assert 0 < narrow <= MOST_NARROW
    counts = past.tails(5).identities
    assert counts[0] == len(hashes)
    assert counts[1:].min() > 0


def test_quantiles_are_those_of_the_identities_in_a_scope() -> None:
    past, shares = Population(), np.array([0.5, 0.99, 1.0])
    past.turn(60)
    past.learn(60, cells(np.arange(1, 101, dtype=np.uint64), 3), sums(np.arange(1, 101)))
    past.learn(60, cells(np.array([999], np.uint64)), sums(np.array([5_000])))
    assert past.quantiles(3, 2, shares).tolist() == [50.0, 99.0, 100.0]
    assert past.quantiles(7, 2, shares).tolist() == [0.0, 0.0, 0.0]
