"""What forms say, and what is wrong with them."""

import pytest

from console.web.forms import LONGEST_REASON, WrongForm, to_approve, to_number, to_reason
from kernel.control import Approve

SEEN = "0123456789abcdef"  # the digest of a change


def test_a_form_that_names_no_change_approves_none() -> None:
    with pytest.raises(WrongForm, match="open the page again"):
        to_approve({"mode": "enforce", "reason": "r"})


def test_a_whole_approval() -> None:
    form = {"mode": "canary", "canary": "12.5", "hours": "1.5", "reason": " because ", "patch": SEEN}
    assert to_approve(form) == Approve("canary", "because", SEEN, 0.125, 5_400)


def test_the_share_counts_for_canary_alone_and_no_hours_are_for_ever() -> None:
    form = {"mode": "shadow", "canary": "10", "hours": "", "reason": "r", "patch": SEEN}
    assert to_approve(form) == Approve("shadow", "r", SEEN, 0.0, 0)


@pytest.mark.parametrize("text", ["-1", "101", "nan", "inf", "ten"])
def test_a_number_outside_is_told(text: str) -> None:
    with pytest.raises(WrongForm, match="canary"):
        to_number({"canary": text}, "canary", most=100)


@pytest.mark.parametrize("reason", ["", "  ", "x" * (LONGEST_REASON + 1)])
def test_a_reason_is_needed_and_bounded(reason: str) -> None:
    with pytest.raises(WrongForm):
        to_reason({"reason": reason})
