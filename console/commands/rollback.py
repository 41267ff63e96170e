"""`tidegate rollback [REVISION]`: puts an earlier revision of the policy in force again."""

from typing import Annotated

import typer

from console.asking import Asker, NoAnswer
from console.called import command
from console.control_at import checked_reason, control_at, in_force
from console.endpoints import ControlUrl, Data
from console.moments import to_utc
from console.terminal import AsJson, command_app, say, write_json
from console.wording import aligned
from kernel.control import PolicyInForce, Revision, Rollback
from warehouse.exits import CannotRun

NOT_FOUND = 404

app = command_app()


@app.command()
def rollback(
    revision: Annotated[str, typer.Argument(help="Which one; left out: they are listed.")] = "",
    reason: Annotated[str, typer.Option(help="Why; kept with the revision.", show_default=False)] = "",
    data: Data = None,
    control: ControlUrl = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Put an earlier revision in force again; without one, list them.

    Exit codes: 0 done; 2 there is no such revision, it is refused, or nobody to ask.
    """
    asker, _ = control_at(data, control)
    try:
        if not revision:
            show(asker.get("/v1/revisions", tuple[Revision, ...]), as_json)
            return
        answer = rolled_back(asker, Rollback(revision, checked_reason(reason)))
    except NoAnswer as trouble:
        where = f"; `{command('rollback')}` lists those there are" if trouble.status == NOT_FOUND else ""
        raise CannotRun(f"{trouble}{where}") from trouble
    if as_json:
        write_json(answer)
    else:
        say(f"revision {answer.revision} is in force again")


def rolled_back(asker: Asker, body: Rollback) -> PolicyInForce:
    """Ask for it. Raises NoAnswer."""
    return asker.post("/v1/policy/rollback", body, PolicyInForce, expected=in_force(asker).revision)


def show(revisions: tuple[Revision, ...], as_json: bool) -> None:
    """Newest first; the first line is in force."""
    if as_json:
        write_json(revisions)
        return
    rows = [
        (str(each.number), each.revision, to_utc(each.created_at), each.author, each.reason)
        for each in revisions
    ]
    for line in aligned(rows) if rows else ():
        say(line)
