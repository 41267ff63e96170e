"""lab.record: what counts as refused and as failed."""

import pytest

from lab.record import LEGITIMATE, Sent


@pytest.mark.parametrize(
    ("status", "refused", "error"),
    [
        (200, False, False),
        (404, False, False),
        (403, True, False),
        (429, True, False),
        (503, False, True),
        (0, False, True),
    ],
)
def test_refusals_are_the_gateways_and_errors_the_upstreams(status: int, refused: bool, error: bool) -> None:
    one = Sent(1.0, "ip:a", LEGITIMATE, "products", status, 2.0)
    assert (one.is_refused, one.is_error) == (refused, error)
