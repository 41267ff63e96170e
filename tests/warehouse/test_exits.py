"""Exit codes."""

from pathlib import Path

from warehouse.exits import COULD_NOT_RUN, GOOD, PROBLEMS_FOUND

DOCS = Path(__file__).parents[2] / "docs" / "command-line.md"


def test_exit_codes_are_those_that_the_docs_name() -> None:
    assert (GOOD, PROBLEMS_FOUND, COULD_NOT_RUN) == (0, 1, 2)
    told = DOCS.read_text()
    assert all(f"\n| {code} |" in told for code in (GOOD, PROBLEMS_FOUND, COULD_NOT_RUN))
