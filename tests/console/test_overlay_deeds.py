"""What the audit says of a change of overlays."""

import msgspec

from console.audit import Deed
from console.overlay_deeds import MOST_NAMED, overlay_deeds
from tests.console.policies import overlay


def test_one_value_is_told_with_its_rate_whom_it_is_for_and_why() -> None:
    assert overlay_deeds((), (overlay(),), author="analytics") == (
        Deed(
            "analytics",
            "set adaptive limit",
            "fair ip:192.0.2.7",
            "5/s for ip:192.0.2.7: client burst; 1 value in force",
        ),
    )


def test_a_value_for_all_hides_nobodys_own() -> None:
    deeds = overlay_deeds((), (overlay("", rate=320.0), overlay(rate=4.94)), author="analytics")
    assert [(deed.object, deed.detail) for deed in deeds] == [
        ("fair", "320/s for all: client burst; 2 values in force"),
        ("fair ip:192.0.2.7", "4.94/s for ip:192.0.2.7: client burst; 2 values in force"),
    ]


def test_very_many_values_of_a_limit_have_a_bounded_number_of_entries() -> None:
    many = tuple(overlay(f"ip:192.0.2.{n}", rate=float(n)) for n in range(2, 2 + MOST_NAMED + 5))
    deeds = overlay_deeds((), (*many, overlay("", limit="other")), author="analytics")
    assert len(deeds) == MOST_NAMED + 2
    assert [(deed.object, deed.detail) for deed in deeds[-2:]] == [
        ("fair", "22/s to 26/s for 5 identities: client burst; 25 values in force"),
        ("other", "5/s for all: client burst; 1 value in force"),
    ]


def test_what_is_gone_is_told_with_the_reason_of_its_end() -> None:
    before = (overlay("ip:192.0.2.7"), overlay("ip:192.0.2.8"))
    (gone,) = overlay_deeds(before, before[1:], author="expiry", withdrawn_because="its time is over")
    assert gone == Deed(
        "expiry",
        "withdraw adaptive limit",
        "fair ip:192.0.2.7",
        "ip:192.0.2.7: its time is over; 1 value in force",
    )


def test_a_renewal_is_no_deed_and_another_value_is() -> None:
    assert overlay_deeds((overlay(),), (overlay(expires_at=1_700.0),), author="analytics") == ()
    assert len(overlay_deeds((overlay(),), (overlay(rate=3.0),), author="analytics")) == 1


def test_an_entry_stays_short_whatever_the_reasons() -> None:
    many = tuple(
        msgspec.structs.replace(overlay(f"ip:192.0.2.{n}"), reason=f"reason {n}") for n in range(200)
    )
    *_, deed = overlay_deeds((), many, author="analytics")
    assert " and 177 more" in deed.detail
