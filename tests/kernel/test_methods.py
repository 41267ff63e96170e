"""Which methods are relayed."""

import pytest

from kernel.methods import RELAYED, refusal_of_method
from kernel.policy import METHODS


def test_every_method_that_a_route_can_name_is_relayed() -> None:
    assert set(METHODS) <= RELAYED


@pytest.mark.parametrize(
    ("method", "status"),
    [
        *(("GET", 0), ("PROPFIND", 0), ("get", 501), ("FROBNICATE", 501), ("CONNECT", 501), ("TRACE", 501)),
        *(("", 400), ("GE T", 400), ("é", 400), ("A" * 33, 400)),
    ],
)
def test_methods_are_known_as_written(method: str, status: int) -> None:
    assert refusal_of_method(method) == status
