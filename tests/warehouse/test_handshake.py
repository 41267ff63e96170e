"""The driver's first question, and the block that answers it."""

import pytest

from warehouse.handshake import answer, is_handshake

ASKED = b"SELECT displayName(), version(), revision(), timezone()"


def test_the_drivers_first_question_is_told_from_the_others() -> None:
    assert is_handshake(ASKED, "Native", "54460")
    assert is_handshake(b"\n " + ASKED.replace(b", ", b",  ") + b" ; ", "Native", "54460")
    assert not is_handshake(b"SELECT 1", "Native", "54460")
    assert not is_handshake(ASKED + b", 1", "Native", "54460")


@pytest.mark.parametrize("revision", ["", "0", "-1", "x", "51902"])
def test_whoever_reads_revision_zero_is_answered_by_the_engine(revision: str) -> None:
    assert not is_handshake(ASKED, "Native", revision)


def test_other_formats_are_the_engines() -> None:
    assert not is_handshake(ASKED, "TabSeparated", "54460")


def test_the_block_tells_revision_zero_with_a_mark_after_each_type() -> None:
    assert answer("26.3.1", 54460) == (
        b"\x01\x00\x02\xff\xff\xff\xff\x00\x04\x01"
        b"\x0ddisplayName()\x06String\x00\x08tidegate"
        b"\x09version()\x06String\x00\x0626.3.1"
        b"\x0arevision()\x06UInt32\x00\x00\x00\x00\x00"
        b"\x0atimezone()\x06String\x00\x03UTC"
    )


def test_a_driver_from_before_custom_serialization_gets_no_marks() -> None:
    assert answer("26.3.1", 54453).count(b"String\x00") == 0
