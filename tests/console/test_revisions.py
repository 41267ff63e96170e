"""Revisions in the store."""

from console.revisions import NewRevision, Revisions, unified
from tests.console.stored import connection


def new(text: str) -> NewRevision:
    return NewRevision(f"r-{text}", text, "ada", "why", 1_000.0)


def test_the_newest_is_the_head_and_each_has_its_parent() -> None:
    revisions = Revisions(connection())
    assert revisions.head("default") is None
    revisions.add("default", new("a"))
    revisions.add("default", new("b"))
    assert [(each.number, each.revision, each.parent) for each in revisions.listed("default")] == [
        (2, "r-b", "r-a"),
        (1, "r-a", ""),
    ]
    head = revisions.head("default")
    assert head is not None
    assert (head.revision, head.text) == ("r-b", "b")
    assert revisions.listed("other") == ()


def test_a_rollback_is_found_by_its_name_with_its_own_parent() -> None:
    revisions = Revisions(connection())
    for text in ("a", "b", "a"):
        revisions.add("default", new(text))
    found = revisions.find("default", "r-a")
    assert found is not None
    assert (found.number, found.parent) == (3, "r-b")
    assert found.diff.splitlines() == ["--- r-b", "+++ r-a", "@@ -1 +1 @@", "-b", "+a"]
    assert revisions.find("default", "r-c") is None


def test_the_file_taken_last_is_noted() -> None:
    revisions = Revisions(connection())
    assert revisions.seed("default") == ""
    revisions.set_seed("default", "r-a")
    assert revisions.seed("default") == "r-a"


def test_the_same_texts_have_no_diff() -> None:
    assert unified("a\n", "a\n", names=("r1", "r2")) == ""
