"""What the audit says of a change of overlays."""

import msgspec

from console.audit import Deed
from console.overlay_deeds import overlay_deeds
from tests.console.policies import overlay


def test_one_value_is_told_with_its_rate_whom_it_is_for_and_why() -> None:
    assert overlay_deeds((), (overlay(),), author="analytics") == (
        Deed(
            "analytics",
            "set adaptive limit",
            "fair",
            "5/s for ip:192.0.2.7: client burst; 1 value in force",
        ),
    )


def test_many_values_of_a_limit_are_one_deed_and_each_limit_has_its_own() -> None:
    many = tuple(overlay(f"ip:192.0.2.{n}", rate=float(n)) for n in range(2, 7))
    deeds = overlay_deeds((), (*many, overlay("", limit="other")), author="analytics")
    assert [(deed.object, deed.detail) for deed in deeds] == [
        ("fair", "2/s to 6/s for 5 identities: client burst; 5 values in force"),
        ("other", "5/s for all: client burst; 1 value in force"),
    ]


def test_what_is_gone_is_told_with_the_reason_of_its_end() -> None:
    before = (overlay("ip:192.0.2.7"), overlay("ip:192.0.2.8"))
    (gone,) = overlay_deeds(before, before[1:], author="expiry", withdrawn_because="its time is over")
    assert gone == Deed(
        "expiry", "withdraw adaptive limit", "fair", "ip:192.0.2.7: its time is over; 1 value in force"
    )


def test_a_renewal_is_no_deed_and_another_value_is() -> None:
    assert overlay_deeds((overlay(),), (overlay(expires_at=1_700.0),), author="analytics") == ()
    assert len(overlay_deeds((overlay(),), (overlay(rate=3.0),), author="analytics")) == 1


def test_an_entry_stays_short_whatever_the_reasons() -> None:
    many = tuple(
        msgspec.structs.replace(overlay(f"ip:192.0.2.{n}"), reason=f"reason {n}") for n in range(200)
    )
    (deed,) = overlay_deeds((), many, author="analytics")
    assert "reason 0, reason 1, reason 10 and 197 more" in deed.detail
