"""`make bench`: measures, prints the table, and tells which figure misses its aim.

Exit codes: 0 every figure meets its aim, 1 one does not, 2 something that is needed is missing.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lab.bench.figures import Figure, figures_of_speed
from lab.bench.peers import NGINX_PROGRAM
from lab.bench.report import to_table, write_page
from lab.bench.storage import figures_of_storage
from lab.bench.throughput import Plan, Row, compare

PAGE = Path("docs/benchmarks.md")
MISSED, COULD_NOT_RUN = 1, 2

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    *,
    rounds: Annotated[int, typer.Option(min=1, help="interleaved rounds of every gateway")] = 5,
    seconds: Annotated[int, typer.Option(min=1, help="seconds of load, per gateway and connections")] = 5,
    write: Annotated[bool, typer.Option("--write", help="write both into docs/benchmarks.md")] = False,
    only: Annotated[str, typer.Option(help="`speed` or `storage`; empty: both")] = "",
) -> None:
    """Compare Tidegate with other gateways, and measure telemetry and analytics."""
    console = Console(stderr=True)
    missing = [name for name in ("wrk", "taskset", NGINX_PROGRAM) if shutil.which(name) is None]
    if missing:
        console.print(f"bench: {', '.join(missing)} not found. On Debian: apt-get install nginx wrk")
        raise typer.Exit(COULD_NOT_RUN)
    figures: list[Figure] = []
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as name:
        folder = Path(name)
        if only != "storage":
            plan = Plan(folder, rounds, seconds, console.print)
            rows = compare(plan)
            figures += figures_of_speed(rows)
            console.print(to_table(rows))
        if only != "speed":
            figures += figures_of_storage(folder, console.print)
    print("\n".join(figure.line() for figure in figures))
    if write and not only:
        write_page(PAGE, rows, figures)
    raise typer.Exit(0 if all(figure.is_met for figure in figures) else MISSED)


if __name__ == "__main__":
    app()
