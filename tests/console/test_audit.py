"""The audit, labels and markers in the store."""

from console.audit import Audit, Deed
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
