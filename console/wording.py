"""Words and lines for people. Nothing here is wrapped or cut: a terminal wraps by itself, and a pipe
(`| less -S`, `| grep`) gets each id and identity whole, on one line."""

from collections.abc import Sequence

GAP = "  "


def counted(number: int, noun: str) -> str:
    """`1 route`, `2,000 routes`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of as many cells each as lines, every column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
