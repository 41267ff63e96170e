"""`tidegate loop pause|resume`: the kill switch of automation."""

from typing import Annotated

import typer

from console.asking import Asker, NoAnswer
from console.endpoints import ControlUrl, Data, find_endpoints
from console.settings import settings
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
    if not reason.strip():
        raise CannotRun("say why with --reason TEXT: the next person on duty will ask")
    show(switch(data, control, paused=True, reason=reason), as_json)


@app.command()
def resume(data: Data = None, control: ControlUrl = "", as_json: AsJson = False) -> None:
    """Resume automation: overlays that have not expired hold again."""
    show(switch(data, control, paused=False, reason=""), as_json)


def switch(data: Data, control: str, *, paused: bool, reason: str) -> LoopAnswer:
    """Ask the control endpoint. Raises CannotRun."""
    found = find_endpoints(settings(), data, control=control)
    if not found.control:
        raise CannotRun(f"no gateway runs on {found.data}; name another with --data DIR or --control URL")
    try:
        body = SetLoop(found.tenant, paused, reason)
        asker = Asker("the control endpoint", found.control, found.control_token)
        return asker.put("/v1/loop", body, LoopAnswer)
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
