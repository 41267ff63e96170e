"""The table on the page."""

from pathlib import Path

import pytest

from lab.bench.figures import Figure
from lab.bench.report import BEGIN, END, to_markdown, to_table, write_page
from lab.bench.throughput import Row

ROWS = [Row("ours", 32, 20_000, 25, 1.5)]
FIGURES = [Figure("ours / theirs", 1.5, 1.8, "x", at_least=True)]


def test_the_page_names_the_python_and_what_was_missed() -> None:
    text = to_markdown(ROWS, FIGURES)
    assert text.startswith("Python 3.")
    assert "| ours | 32 | 20,000 | 25.0 | 1.50 |" in text
    assert "| ours / theirs | 1.50 x | at least 1.8 | **missed** |" in text


def test_the_terminals_table_has_a_line_for_each_row() -> None:
    assert to_table(ROWS).row_count == 1


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_page(page, ROWS, FIGURES)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing\n")
    with pytest.raises(ValueError, match="has no"):
        write_page(page, ROWS, FIGURES)
