"""`tidegate backup`: a consistent copy of the console's store, while it is in use."""

from console.asking import NoAnswer
from console.control_at import control_at
from console.endpoints import ControlUrl, Data
from console.terminal import AsJson, command_app, say, write_json
from kernel.control import BackupMade
from warehouse.exits import CannotRun

app = command_app()


@app.command()
def backup(data: Data = None, control: ControlUrl = "", *, as_json: AsJson = False) -> None:
    """Copy the store (revisions, approvals, credentials, audit) below the data directory of its machine.

    Exit code 2: no gateway runs, or the copy failed.
    """
    asker, _ = control_at(data, control)
    try:
        made = asker.post("/v1/backup", {}, BackupMade)
    except NoAnswer as trouble:
        raise CannotRun(str(trouble)) from trouble
    if as_json:
        write_json(made)
    else:
        say(f"{made.path} ({made.bytes:,} bytes)")
