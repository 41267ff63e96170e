"""Exit codes, and what is told with them."""

from pathlib import Path

from warehouse.exits import COULD_NOT_RUN, GOOD, LONGEST_LINE, PROBLEMS_FOUND, first_line, without_password

DOCS = Path(__file__).parents[2] / "docs" / "command-line.md"


def test_exit_codes_are_those_that_the_docs_name() -> None:
    assert (GOOD, PROBLEMS_FOUND, COULD_NOT_RUN) == (0, 1, 2)
    told = DOCS.read_text()
    assert all(f"\n| {code} |" in told for code in (GOOD, PROBLEMS_FOUND, COULD_NOT_RUN))


def test_a_problem_is_told_in_one_line() -> None:
    assert first_line(ValueError()) == "ValueError"
    assert first_line(ValueError("what\nStack trace: …")) == "what"
    assert len(first_line(ValueError("x" * 10_000))) == LONGEST_LINE


def test_a_url_is_shown_without_its_password() -> None:
    assert without_password("http://user:p@ss@host:8123/tidegate") == "http://host:8123/tidegate"
    assert without_password("http://host:8123") == "http://host:8123"
