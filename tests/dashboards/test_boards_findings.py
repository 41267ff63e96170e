"""The seeded truth, as the findings' board shows it."""

from dashboards.asking import to_series
from dashboards.boards.findings import BOARD
from tests.dashboards.conftest import Asking
from tests.dashboards.seeded import TENANT


def test_open_findings_come_before_closed_ones(answer: Asking) -> None:
    found = answer(BOARD, "table")
    assert found.of("state") == ("open", "closed")
    assert found.of("id") == (f"{TENANT}-0", f"{TENANT}-1")
    assert answer(BOARD, "table", "login").of("kind") == ("credential-stuffing",)


def test_the_timeline_counts_by_detector(answer: Asking) -> None:
    lines = to_series(answer(BOARD, "timeline"))
    assert set(lines.names) == {"D1 client-burst", "D3 credential-stuffing"}
    assert lines.values == ((1.0,), (1.0,))


def test_the_time_to_detect_is_from_onset_to_found(answer: Asking) -> None:
    assert answer(BOARD, "time-to-detect").of("seconds") == (4.0, 4.0)


def test_precision_counts_what_people_labelled(answer: Asking) -> None:
    found = answer(BOARD, "precision")
    assert found.of("detector") == ("D1", "D3")
    assert found.of("attacks") == (1, 0)
    assert found.of("share_right") == (1.0, 0.0)


def test_deliveries_that_failed_come_first_with_their_reason(answer: Asking) -> None:
    found = answer(BOARD, "deliveries")
    assert found.of("outcome") == ("still tried", "given up", "delivered")
    assert found.of("sink") == ("chat", "chat", "pager")
    assert found.of("failure") == ("HTTP 503", "HTTP 503", "")
    assert answer(BOARD, "undelivered").values == ((1,),)  # one alert, one sink


def test_deliveries_over_time_are_told_by_sink_and_outcome(answer: Asking) -> None:
    lines = to_series(answer(BOARD, "deliveries-by-sink"))
    assert set(lines.names) == {
        "pager firing, delivered",
        "chat firing, given up",
        "chat resolved, still tried",
    }
