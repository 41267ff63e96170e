"""kernel.clock: every process of a replay shows the same time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.clock import REAL_TIME, Tempo, parse_tempo, scaled

SECONDS = st.floats(0, 4e9)


def test_no_text_is_real_time_and_costs_nothing() -> None:
    def real() -> float:
        return 5.0

    assert parse_tempo("") == REAL_TIME
    assert scaled(real, parse_tempo("")) is real


@given(SECONDS, SECONDS, st.floats(0.001, 1e6))
def test_a_tempo_survives_being_told(origin: float, started: float, scale: float) -> None:
    tempo = Tempo(origin, started, scale)
    assert parse_tempo(tempo.text()) == tempo


def test_a_scaled_clock_shows_the_origin_at_its_start_and_runs_faster() -> None:
    now = [50.0]
    clock = scaled(lambda: now[0], Tempo(1000.0, 50.0, 60.0))
    assert clock() == 1000.0
    now[0] = 51.5
    assert clock() == 1090.0


@pytest.mark.parametrize("text", ["1:2", "1:2:3:4", "a:b:c", "1:2:0", "1:2:-1", "nan:0:1", "0:0:inf"])
def test_what_is_no_tempo_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_tempo(text)
