"""`tidegate replay FILE`: what a policy file would have done to the traffic of the past."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from console.asking import Asker, NoAnswer
from console.control_at import control_at
from console.endpoints import ControlUrl, Data
from console.moments import parse_since
from console.policy_file import good_text_of
from console.review import replay_lines
from console.terminal import AsJson, command_app, say, write_json
from kernel.replays import Job, ReplayRequest
from warehouse.exits import CannotRun

LOOK_EVERY_S = 0.3
ENDED = ("done", "failed", "cancelled")

app = command_app()


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="The candidate.", show_default=False)],
    since: Annotated[str, typer.Option(help="`10m`, `2h`, `1d`, or an ISO 8601 time.")] = "1h",
    until: Annotated[str, typer.Option(help="The same.", show_default="now")] = "0s",
    data: Data = None,
    control: ControlUrl = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Replay stored traffic under a policy file: whom it would have refused, attackers and others.

    Analytics does it; Ctrl-C cancels. Exit code 2: it failed, was cancelled, or nobody to ask.
    """
    now = time.time()
    first, last = parse_since(since, now), parse_since(until, now)
    if first is None or last is None or first >= last:
        raise CannotRun(
            f"--since {since!r} and --until {until!r} are no stretch of time: write 2h, or 2026-11-24T04:00"
        )
    asker, _ = control_at(data, control)
    try:
        asked = asker.post("/v1/jobs", ReplayRequest(good_text_of(file, now), first, last), Job)
        with Progress(console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task("replaying", total=1.0)
            ended = wait(asker, asked, lambda share: progress.update(bar, completed=share))
    except NoAnswer as trouble:
        raise CannotRun(str(trouble)) from trouble
    if ended.report is None:
        raise CannotRun(f"the replay {ended.state}: {ended.failure}".rstrip(": "))
    if as_json:
        write_json(ended)
        return
    for line in replay_lines(ended.report):
        say(line)


def wait(asker: Asker, job: Job, tell: Callable[[float], None]) -> Job:
    """The job once it has ended; an interrupt cancels it. Raises NoAnswer."""
    try:
        while job.state not in ENDED:
            time.sleep(LOOK_EVERY_S)
            job = asker.get(f"/v1/jobs/{job.id}", Job)
            tell(job.progress)
    except KeyboardInterrupt:
        asker.post(f"/v1/jobs/{job.id}/cancel", {}, Job)
        raise
    return job
