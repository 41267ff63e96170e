"""`tidegate diff FILE`: what a policy file would change of the policy in force."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from console.asking import NoAnswer
from console.control_at import control_at
from console.endpoints import ControlUrl, Data
from console.policy_file import text_of
from console.terminal import AsJson, command_app, say, tell, write_json
from kernel.control import Checked, CheckPolicy
from warehouse.exits import PROBLEMS_FOUND, CannotRun

app = command_app()


@app.command()
def diff(
    file: Annotated[Path, typer.Argument(help="The candidate.", show_default=False)],
    data: Data = None,
    control: ControlUrl = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Show what a policy file would change of the policy in force, as a unified diff; nothing is applied.

    Exit codes: 0 it would be taken; 1 it has errors; 2 it could not be compared.
    """
    asker, _ = control_at(data, control)
    try:
        answer = asker.post("/v1/policy/check", CheckPolicy(text_of(file)), Checked)
    except NoAnswer as trouble:
        raise CannotRun(str(trouble)) from trouble
    if as_json:
        write_json(answer)
    else:
        for problem in answer.problems:
            tell(msgspec.structs.replace(problem, file=str(file)).text())
        say(answer.diff.rstrip("\n") or f"no difference: revision {answer.revision} is in force")
    if not answer.good:
        raise typer.Exit(PROBLEMS_FOUND)
