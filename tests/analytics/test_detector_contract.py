"""What holds for every detector: the design's contract, on each registered one."""

import copy
import math
from pathlib import Path

import msgspec
import pytest

from analytics.detector import Card, Signal
from analytics.registry import detectors
from analytics.series import Rows
from analytics.windows import AddressRow, Scopes
from kernel.events import COLUMNS
from tests.analytics.seeing import NOBODY, Sight, ripe
from tests.analytics.traffic import (
    Request,
    failing,
    flooding,
    greedy,
    logging_in,
    quiet,
    scanning,
    slowed,
    stuffing,
    windows_of,
)

CARDS = [each.card for each in detectors(Scopes(), Rows())]
NUMBERS = [card.number for card in CARDS]
ONSET, END = 40.0, 50.0
COLLAPSED = AddressRow("::ffff:10.0.0.1", 900, 8, 40, 1_000, 10, 44)
EACH = pytest.mark.parametrize("number", NUMBERS)


def planted(number: str) -> list[Request]:
    """Traffic with the anomaly that the detector is for, from ONSET on."""
    ordinary = quiet(seconds=END)
    if number == "D1":
        return sorted([*ordinary, *greedy(ONSET, END)])
    if number == "D2":
        return sorted([*ordinary, *flooding(ONSET, END)])
    if number == "D3":
        return sorted([*ordinary, *logging_in(seconds=END), *stuffing(ONSET, END)])
    if number == "D7":
        return sorted([*ordinary, *scanning(ONSET, END)])
    if number == "D16":
        return failing(ordinary, ONSET, END)
    if number == "D17":
        return slowed(ordinary, ONSET, END)
    return ordinary


def trained(number: str) -> Sight:
    """A detector that has learnt quiet traffic."""
    sight = Sight(number)
    for _ in sight.over(quiet(seconds=ONSET)):
        pass
    return sight


def state_of(value: object) -> str:
    """Everything that an object holds, as text; arrays in full."""
    if hasattr(value, "tobytes"):
        return repr(value.tobytes())
    if hasattr(value, "__dict__"):
        return repr({name: state_of(each) for name, each in sorted(vars(value).items()) if name != "_fitted"})
    if isinstance(value, dict):
        return repr({name: state_of(each) for name, each in value.items()})
    return repr(value)


@EACH
def test_score_is_pure(number: str) -> None:
    sight = trained(number)
    window = windows_of(planted(number))[-1]._replace(addresses=(COLLAPSED,))
    seen = sight.see(window)
    before = state_of(sight.detector)
    first = sight.detector.score(seen)
    assert sight.detector.score(seen) == first
    assert state_of(sight.detector) == before


@EACH
def test_the_planted_anomaly_is_found(number: str) -> None:
    sight = Sight(number)
    found = []
    for window in windows_of(planted(number)):
        collapsed = number == "G1" and window.second >= windows_of(quiet())[0].second + ONSET
        _, scored = sight.step(window._replace(addresses=(COLLAPSED,)) if collapsed else window)
        found += [window.second - windows_of(quiet())[0].second for _ in ripe(scored)]
    assert found
    assert ONSET <= min(found) <= ONSET + 3


@EACH
def test_nothing_is_found_before_the_onset(number: str) -> None:
    for seed in range(5):
        ordinary = sorted([*quiet(seed), *logging_in(seed)])
        assert not [keys for _, scored in Sight(number).over(ordinary) if (keys := ripe(scored))]


@EACH
def test_a_constant_series_is_silent(number: str) -> None:
    steady = [
        Request(second + who / 40, f"ip:10.9.0.{who}", "orders", 200, 10_000, 400)
        for second in range(60)
        for who in range(40)
    ]
    assert not [keys for _, scored in Sight(number).over(steady) if (keys := ripe(scored))]


@EACH
def test_the_same_windows_give_the_same_scores(number: str) -> None:
    first = [scored for _, scored in Sight(number).over(planted(number))]
    assert first == [scored for _, scored in Sight(number).over(planted(number))]


@EACH
def test_scores_are_numbers(number: str) -> None:
    signals: list[Signal] = []
    for _, scored in Sight(number).over(planted(number)):
        signals += scored.signals
    for signal in signals:
        numbers = [
            signal.score,
            *(value for each in signal.evidence for value in (each.observed, each.expected)),
        ]
        assert all(math.isfinite(value) for value in numbers)


@EACH
def test_missing_windows_do_no_harm(number: str) -> None:
    gaps = [each for each in planted(number) if not 10 <= each.at < 20 and int(each.at) % 7 != 3]
    quiet_part = [each for each in gaps if each.at < ONSET - 1]
    assert not [keys for _, scored in Sight(number).over(quiet_part) if (keys := ripe(scored))]
    for _, scored in Sight(number).over(gaps):
        assert scored is not None


@EACH
def test_memory_is_bounded_whatever_comes(number: str) -> None:
    sight = Sight(number)
    sizes = []
    for part in range(6):
        for second in range(30):
            at = part * 700 + second  # ten minutes later nobody of before is remembered
            window = windows_of(
                [
                    Request(at + 0.5, f"ip:10.{part}.{second}.{who}", "orders", 200, 9_000, 400)
                    for who in range(20)
                ]
            )[0]
            sight.detector.learn(sight.see(window), NOBODY)
        sizes.append(sight.detector.size())
    assert sizes[-1] <= max(sizes[0] * 2, 2_000)


@EACH
def test_learning_what_is_masked_changes_no_score(number: str) -> None:
    sight = trained(number)
    again = copy.deepcopy(sight)
    window = windows_of(planted(number))[-1]
    assert sight.step(window)[1] == again.step(window)[1]


@pytest.mark.parametrize("card", CARDS, ids=NUMBERS)
def test_the_card_can_be_sent_and_names_real_columns(card: Card) -> None:
    assert msgspec.json.decode(msgspec.json.encode(card), type=Card) == card
    assert set(card.looks_at) <= {column.name for column in COLUMNS}


@pytest.mark.parametrize("card", CARDS, ids=NUMBERS)
def test_the_docs_tell_of_it(card: Card) -> None:
    text = (Path(__file__).parents[2] / "docs" / "detectors.md").read_text()
    assert f"{card.number} " in text
    assert f"`{card.kind}`" in text


def test_numbers_and_kinds_are_unique() -> None:
    assert len(set(NUMBERS)) == len(CARDS)
    assert len({card.kind for card in CARDS}) == len(CARDS)
