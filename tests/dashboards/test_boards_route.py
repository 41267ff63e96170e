"""The seeded truth, as the route's board shows it."""

import pytest

from dashboards.asking import to_series
from dashboards.boards.route import BOARD
from tests.dashboards.conftest import Asking
from tests.dashboards.seeded import FAILED, ORDERS


def test_a_steady_rate_stays_inside_its_band(answer: Asking) -> None:
    found = answer(BOARD, "rate-in-band", "orders")
    assert found.rows == ORDERS
    band = zip(found.of("expected_low"), found.of("rate"), found.of("expected_high"), strict=True)
    assert [row for row in band if row != (1.0, 1.0, 1.0)] == [
        (0.0, 1.0, 0.0)
    ]  # the first has nothing before it


def test_errors_are_shares_of_their_step(answer: Asking) -> None:
    found = answer(BOARD, "errors", "orders")
    assert sum(float(value or 0) for value in found.of("server_errors")) == FAILED
    assert found.of("upstream_failures") == found.of("server_errors")


def test_sizes_and_revisions_are_the_routes_own(answer: Asking) -> None:
    assert set(answer(BOARD, "sizes", "orders").of("response_body")) == {100.0}
    assert to_series(answer(BOARD, "revisions", "orders")).names == ("revision aaaaaaaaaaaa",)
    assert answer(BOARD, "clients", "login").of("share") == pytest.approx((1.0,))
