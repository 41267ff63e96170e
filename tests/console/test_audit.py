"""The audit, labels and markers in the store."""

import msgspec
import pytest

import console.audit
from console.audit import FORGET_EVERY, KEPT_S, MOST_LISTED, Audit, Deed
from kernel.control import Label, Marker
from tests.console.stored import connection


def test_deeds_are_told_newest_first_and_apart_by_tenant() -> None:
    audit = Audit(connection())
    audit.note("default", Deed("ada", "apply policy", "r1"), 1.0)
    audit.note("default", Deed("bob", "pause loop", "default", "incident"), 2.0)
    assert [(each.author, each.what, each.detail) for each in audit.entries("default")] == [
        ("bob", "pause loop", "incident"),
        ("ada", "apply policy", ""),
    ]
    assert audit.entries("other") == ()


SET = Deed("analytics", "set adaptive limit", "fair", "5/s for all")


def test_routine_is_one_entry_that_counts_for_a_minute_with_the_last_detail() -> None:
    audit = Audit(connection())
    for second in range(60):
        audit.note_routine("default", msgspec.structs.replace(SET, detail=f"{second}/s"), float(second))
    audit.note_routine("default", SET, 60.0)
    last, first = audit.entries("default")
    assert (first.at, first.until, first.times, first.detail) == (0.0, 59.0, 60, "59/s")
    assert (last.at, last.times) == (60.0, 1)


def test_another_deed_object_author_or_tenant_is_another_entry() -> None:
    audit = Audit(connection())
    audit.note_routine("default", SET, 1.0)
    for other in ({"author": "expiry"}, {"what": "withdraw adaptive limit"}, {"object": "fixed"}):
        audit.note_routine("default", msgspec.structs.replace(SET, **other), 2.0)
    audit.note_routine("other", SET, 2.0)
    assert [each.times for each in audit.entries("default")] == [1, 1, 1, 1]
    assert len(audit.entries("other")) == 1


def test_what_people_do_is_an_entry_each() -> None:
    audit = Audit(connection())
    audit.note_routine("default", SET, 1.0)
    audit.note("default", SET, 1.0)
    audit.note("default", SET, 1.0)
    assert [each.times for each in audit.entries("default")] == [1, 1, 1]


def test_routine_is_bounded_and_pushes_out_nothing_that_people_did(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console.audit, "MOST_ROUTINE", 150)
    audit = Audit(connection())
    audit.note("default", Deed("ada", "apply policy", "r1"), 0.0)
    for number in range(1_000):
        audit.note_routine("default", msgspec.structs.replace(SET, object=f"limit {number}"), 1.0)
    kept = audit.entries("default")
    assert len(kept) <= 150 + FORGET_EVERY + 1
    assert kept[0].object == "limit 999"
    assert kept[-1].author == "ada"


def test_entries_are_forgotten_after_four_hundred_days() -> None:
    audit = Audit(connection())
    audit.note("default", Deed("ada", "apply policy", "r1"), 0.0)
    audit.note("default", Deed("ada", "apply policy", "r2"), 1.0)
    audit.forget("default", KEPT_S + 0.5)
    assert [each.object for each in audit.entries("default")] == ["r2"]


def test_entries_of_an_older_version_are_kept_as_long() -> None:
    kept = connection()
    kept.execute(
        "INSERT INTO audit (tenant, at, author, what, object, detail) VALUES (?, ?, ?, ?, ?, ?)",
        ("default", 1_000.0, "ada", "apply policy", "r1", ""),
    )
    audit = Audit(kept)
    audit.forget("default", 1_000.0 + KEPT_S)
    assert [each.times for each in audit.entries("default")] == [1]
    audit.forget("default", 1_001.0 + KEPT_S)
    assert audit.entries("default") == ()


def test_entries_can_be_read_page_by_page() -> None:
    audit = Audit(connection())
    for number in range(MOST_LISTED + 5):
        audit.note("default", Deed("ada", "apply policy", f"r{number}"), 0.0)
    page = audit.entries("default")
    rest = audit.entries("default", page[-1].number)
    assert (len(page), [each.object for each in rest]) == (MOST_LISTED, ["r4", "r3", "r2", "r1", "r0"])


def test_the_last_label_of_a_finding_counts() -> None:
    audit = Audit(connection())
    audit.put_label("default", Label("f1", "", "attack", "", "ada", 1.0))
    last = Label("f1", "", "legitimate", "a partner", "bob", 2.0)
    audit.put_label("default", last)
    assert audit.labels("default") == (last,)


def test_markers_are_told_latest_first() -> None:
    audit = Audit(connection())
    early, late = Marker(1.0, "deploy", "v1", "ada"), Marker(2.0, "campaign", "sale", "bob")
    audit.add_marker("default", late)
    audit.add_marker("default", early)
    assert audit.markers("default") == (late, early)
