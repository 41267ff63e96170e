"""What forms say, and what is wrong with them."""

import pytest

from console.web.forms import LONGEST_REASON, WrongForm, to_approve, to_number, to_reason
from kernel.control import Approve


def test_a_whole_approval() -> None:
    form = {"mode": "canary", "canary": "12.5", "hours": "1.5", "reason": " because "}
    assert to_approve(form) == Approve("canary", "because", 0.125, 5_400)


def test_the_share_counts_for_canary_alone_and_no_hours_are_for_ever() -> None:
    form = {"mode": "shadow", "canary": "10", "hours": "", "reason": "r"}
    assert to_approve(form) == Approve("shadow", "r", 0.0, 0)


@pytest.mark.parametrize("text", ["-1", "101", "nan", "inf", "ten"])
def test_a_number_outside_is_told(text: str) -> None:
    with pytest.raises(WrongForm, match="canary"):
        to_number({"canary": text}, "canary", most=100)


@pytest.mark.parametrize("reason", ["", "  ", "x" * (LONGEST_REASON + 1)])
def test_a_reason_is_needed_and_bounded(reason: str) -> None:
    with pytest.raises(WrongForm):
        to_reason({"reason": reason})
