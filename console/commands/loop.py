"""`tidegate loop pause|resume`: the kill switch of automation."""

from typing import Annotated

import typer

from console.asking import NoAnswer
from console.control_at import checked_reason, control_at
from console.endpoints import ControlUrl, Data
from console.terminal import AsJson, command_app, say, write_json
from kernel.control import LoopAnswer, SetLoop
from warehouse.exits import CannotRun

app = command_app()


@app.callback()
def loop() -> None:
    """Pause or resume automation."""


@app.command()
def pause(
    reason: Annotated[str, typer.Option(help="Why; shown by `tidegate status`.", show_default=False)],
    data: Data = None,
    control: ControlUrl = "",
    as_json: AsJson = False,
) -> None:
    """Pause automation: adaptive overlays stop to hold at once, the policy's own values hold."""
    show(switch(data, control, paused=True, reason=checked_reason(reason)), as_json)


@app.command()
def resume(data: Data = None, control: ControlUrl = "", as_json: AsJson = False) -> None:
    """Resume automation: overlays that have not expired hold again."""
    show(switch(data, control, paused=False, reason=""), as_json)


def switch(data: Data, control: str, *, paused: bool, reason: str) -> LoopAnswer:
    """Ask the control endpoint. Raises CannotRun."""
    asker, found = control_at(data, control)
    try:
        return asker.put("/v1/loop", SetLoop(found.tenant, paused, reason), LoopAnswer)
    except NoAnswer as trouble:
        raise CannotRun(str(trouble)) from trouble


def show(answer: LoopAnswer, as_json: bool) -> None:
    """The new state."""
    if as_json:
        write_json(answer)
    elif answer.paused:
        say(f"automation is paused: {answer.reason}")
    else:
        say("automation is running")
