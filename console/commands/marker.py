"""`tidegate marker add TEXT`: tells charts and people that something happened, a deploy for example."""

import time
from typing import Annotated

import typer

from console.asking import NoAnswer
from console.control_at import control_at
from console.endpoints import ControlUrl, Data
from console.moments import parse_since, to_utc
from console.terminal import AsJson, command_app, say, write_json
from kernel.control import Marker, PutMarker
from warehouse.exits import CannotRun

app = command_app()


@app.callback()
def marker() -> None:
    """Note what happened, for charts and explanations."""


@app.command()
def add(
    text: Annotated[str, typer.Argument(help="What happened.", show_default=False)],
    kind: Annotated[str, typer.Option(help="`deploy`, `campaign`, `incident`, …")] = "deploy",
    at: Annotated[str, typer.Option(help="When: `10m` ago, or an ISO 8601 time.", show_default="now")] = "",
    data: Data = None,
    control: ControlUrl = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Add a marker. Exit code 2: no gateway to tell it to."""
    when = parse_since(at, time.time()) if at else 0.0
    if when is None:
        raise CannotRun(f"--at {at!r} is no time: write 10m, 2h or 2026-11-24T04:00")
    asker, _ = control_at(data, control)
    try:
        made = asker.post("/v1/markers", PutMarker(text, kind, when), Marker)
    except NoAnswer as trouble:
        raise CannotRun(str(trouble)) from trouble
    if as_json:
        write_json(made)
    else:
        say(f"{to_utc(made.at)} UTC  {made.kind}: {made.text}")
