"""The tables, for a terminal and for docs/benchmarks.md."""

import platform
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.table import Table

from lab.bench.figures import Figure
from lab.bench.throughput import Row

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
HEADINGS = ("gateway", "connections", "requests/s", "CPU µs/request", "p99 ms")


def cells(row: Row) -> tuple[str, ...]:
    """A row as text."""
    return (
        row.name,
        str(row.connections),
        f"{row.requests_per_second:,.0f}",
        f"{row.cpu_us:.1f}",
        f"{row.p99_ms:.2f}",
    )


def to_table(rows: Sequence[Row]) -> Table:
    """For a terminal."""
    table = Table(*HEADINGS)
    for row in rows:
        table.add_row(*cells(row))
    return table


def to_markdown(rows: Sequence[Row], figures: Sequence[Figure]) -> str:
    """For the page: where it was measured, the gateways, the figures."""
    interpreter = Path(sys.executable).resolve()
    python = f"Python {platform.python_version()} at {interpreter}, built {platform.python_build()[1]}"
    lines = [
        f"{python}; {cpu_model()}, {platform.machine()}",
        "",
        line_of(HEADINGS),
        line_of("---" for _ in HEADINGS),
    ]
    lines += [line_of(cells(row)) for row in rows]
    lines += ["", line_of(("figure", "measured", "aim", "")), line_of(("---",) * 4)]
    lines += [line_of(figure_cells(figure)) for figure in figures]
    return "\n".join(lines)


def figure_cells(figure: Figure) -> tuple[str, ...]:
    """A figure as text."""
    sign = "at least" if figure.at_least else "at most"
    verdict = "met" if figure.is_met else "**missed**"
    return figure.name, f"{figure.value:,.2f} {figure.unit}", f"{sign} {figure.aim:,g}", verdict


def line_of(words: Iterable[str]) -> str:
    """A line of a Markdown table."""
    return "| " + " | ".join(words) + " |"


def cpu_model() -> str:
    """What the kernel calls the processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown processor"


def write_page(page: Path, rows: Sequence[Row], figures: Sequence[Figure]) -> None:
    """Replace what stands between the page's marks. Raises ValueError where it has none."""
    text = page.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n{to_markdown(rows, figures)}\n{END}{after}")
