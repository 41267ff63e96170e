"""Words and lines for people. Nothing here is wrapped or cut: a terminal wraps by itself, and a pipe
(`| less -S`, `| grep`) gets each id and identity whole, on one line."""

from collections.abc import Sequence

from kernel.recommendations import Attribute
from kernel.wording import to_rate

GAP = "  "
MOST_OF_SYMBOL = 2  # letters of `ms` or `%`; a longer unit is a noun in the plural


def counted(number: int, noun: str) -> str:
    """`1 route`, `2,000 routes`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def measured(value: float, unit: str) -> str:
    """A measurement of a finding with its unit; rates as people say them.

    >>> measured(0.042, "requests/s"), measured(1234.0, "ms"), measured(3.0, ""), measured(1.0, "methods")
    ('2.52 requests/min', '1,234 ms', '3', '1 method')
    """
    if unit.endswith("/s"):
        return to_rate(value, unit.removesuffix("/s").removeprefix("1"))
    told = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    is_one = value == 1 and len(unit) > MOST_OF_SYMBOL
    return f"{told} {unit.removesuffix('es' if unit.endswith('sses') else 's') if is_one else unit}".rstrip()


def shared_value(attribute: Attribute) -> str:
    """What an attack's requests share; what is empty is said in a word."""
    return attribute.value or ("no route" if attribute.name == "path" else "none")


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of as many cells each as lines, every column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
