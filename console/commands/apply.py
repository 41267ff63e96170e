"""`tidegate apply FILE`: puts a policy file in force, as a revision with author and reason."""

import time
from pathlib import Path
from typing import Annotated

import typer

from console.asking import NoAnswer
from console.control_at import checked_reason, control_at, in_force
from console.endpoints import ControlUrl, Data
from console.policy_file import good_text_of
from console.terminal import AsJson, command_app, say, write_json
from kernel.control import PolicyInForce, PutPolicy
from warehouse.exits import CannotRun

app = command_app()


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(help="The new policy.", show_default=False)],
    reason: Annotated[str, typer.Option(help="Why; kept with the revision.", show_default=False)],
    data: Data = None,
    control: ControlUrl = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Put a policy file in force. Proxies have it within 2 s; `tidegate rollback` undoes it.

    Exit codes: 0 in force; 2 refused (the reasons are told, the old one stays) or nobody to ask.
    """
    asker, _ = control_at(data, control)
    body = PutPolicy(good_text_of(file, time.time()), checked_reason(reason))
    before = in_force(asker)
    try:
        answer = asker.put("/v1/policy", body, PolicyInForce, expected=before.revision)
    except NoAnswer as trouble:
        raise CannotRun(str(trouble)) from trouble
    if as_json:
        write_json(answer)
    elif answer.revision == before.revision:
        say(f"revision {answer.revision} is in force already")
    else:
        say(f"revision {answer.revision} is in force (was {before.revision})")
