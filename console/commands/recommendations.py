"""`tidegate recommendations list|show|approve|reject`: what analytics proposes, what you decide."""

import re
from typing import Annotated, Literal

import typer

from console.asking import Asker, NoAnswer
from console.called import command
from console.control_at import checked_reason, control_at, in_force
from console.endpoints import ControlUrl, Data
from console.moments import to_span, to_utc
from console.review import lines_of
from console.terminal import AsJson, command_app, say, write_json
from console.wording import aligned, counted
from kernel.control import Approve, Reject, ReviewInFull
from kernel.recommendations import Reviewed
from warehouse.exits import CannotRun

Id = Annotated[str, typer.Argument(help="Its id, as `list` shows it.", show_default=False)]
Reason = Annotated[str, typer.Option(help="Why; kept with the decision.", show_default=False)]

NOT_FOUND = 404

app = command_app()


@app.callback()
def recommendations() -> None:
    """See what analytics proposes, approve it or reject it."""


@app.command("list")
def list_all(
    state: Annotated[
        str, typer.Option(help="`open`, `approved`, `rejected`, `expired`, `withdrawn` or `all`.")
    ] = "open",
    data: Data = None,
    control: ControlUrl = "",
    *,
    as_json: AsJson = False,
) -> None:
    """List recommendations, newest first."""
    asker, _ = control_at(data, control)
    query = {} if state == "all" else {"state": state}
    try:
        listed = asker.get("/v1/recommendations", tuple[Reviewed, ...], **query)
    except NoAnswer as trouble:
        raise CannotRun(str(trouble)) from trouble
    if as_json:
        write_json(listed)
        return
    for line, each in zip(
        aligned([cells_of(each) for each in listed]) if listed else (), listed, strict=True
    ):
        say(line)
        say(f"    {each.recommendation.title}")
    say(counted(len(listed), "recommendation"))


@app.command()
def show(id_: Id, data: Data = None, control: ControlUrl = "", *, as_json: AsJson = False) -> None:
    """Show one: why, the change as a diff, the evidence, and what a replay says of it."""
    asker, _ = control_at(data, control)
    found = review_of(asker, id_)
    if as_json:
        write_json(found)
        return
    for line in lines_of(found):
        say(line)


@app.command()
def approve(
    id_: Id,
    reason: Reason,
    mode: Annotated[
        Literal["shadow", "canary", "enforce"], typer.Option(help="In which mode its rules begin.")
    ] = "shadow",
    canary: Annotated[float, typer.Option(help="Share of identities, 0 to 1, for `--mode canary`.")] = 0.1,
    lasts: Annotated[
        int, typer.Option("--lasts-s", help="Seconds until its rules end.", show_default="as recommended")
    ] = -1,
    patch: Annotated[
        str,
        typer.Option(help="Only this change: its digest, as `show` prints it.", show_default="as it is now"),
    ] = "",
    data: Data = None,
    control: ControlUrl = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Approve one: its rules are in force within 2 s, in the mode that you choose, until they expire."""
    asker, _ = control_at(data, control)
    found = review_of(asker, id_)
    if not patch and not as_json:
        say(found.diff.rstrip("\n") or f"it does not fit the policy in force: {found.stale}")
    body = Approve(
        mode,
        checked_reason(reason),
        checked_patch(patch) or found.patch,
        canary if mode == "canary" else 0.0,
        lasts if lasts >= 0 else found.recommendation.lasts_s,
    )
    decide(asker, id_, "approve", body, as_json=as_json)


@app.command()
def reject(
    id_: Id, reason: Reason, data: Data = None, control: ControlUrl = "", *, as_json: AsJson = False
) -> None:
    """Reject one; the reason is kept."""
    asker, _ = control_at(data, control)
    decide(asker, id_, "reject", Reject(checked_reason(reason)), as_json=as_json)


def checked_patch(digest: str) -> str:
    """A digest, or nothing. Raises CannotRun."""
    if digest and not re.fullmatch(r"[0-9a-f]{16}", digest):
        raise CannotRun(f"--patch: {digest!r} is no digest; `tidegate recommendations show ID` prints it")
    return digest


def review_of(asker: Asker, id_: str) -> ReviewInFull:
    """One recommendation in full. Raises CannotRun."""
    try:
        return asker.get(f"/v1/recommendations/{id_}", ReviewInFull)
    except NoAnswer as trouble:
        raise refused(trouble) from trouble


def refused(trouble: NoAnswer) -> CannotRun:
    """What to tell; where there is no such recommendation, how to see which there are."""
    listing = command("recommendations", "list", "--state", "all")
    where = f"; `{listing}` lists those there are" if trouble.status == NOT_FOUND else ""
    return CannotRun(f"{trouble}{where}")


def decide(asker: Asker, id_: str, decision: str, body: Approve | Reject, *, as_json: bool) -> None:
    """Send a decision and tell what it made. Raises CannotRun."""
    expected = in_force(asker).revision if isinstance(body, Approve) else ""
    try:
        done = asker.post(f"/v1/recommendations/{id_}/{decision}", body, Reviewed, expected=expected)
    except NoAnswer as trouble:
        raise refused(trouble) from trouble
    if as_json:
        write_json(done)
    elif done.approval is None:
        say(f"{id_} is rejected")
    else:
        until = f"until {to_utc(done.approval.expires_at)} UTC" if done.approval.expires_at else "for ever"
        rules = ", ".join(done.recommendation.rules)
        say(f"{rules} in mode {done.approval.mode} {until}; revision {done.approval.revision} is in force")


def cells_of(each: Reviewed) -> tuple[str, ...]:
    """One recommendation's first line: when, state, kind, how sure, harm, how long, id."""
    found = each.recommendation
    bound = found.replay.bound if found.replay else None
    harm = f"harm <= {bound.upper:.2%} (n {bound.n:,})" if bound else "not replayed"
    lasts = to_span(found.lasts_s) if found.lasts_s else "for ever"
    sure = f"confidence {found.confidence:.0%}"
    return (to_utc(found.created_at), each.state, found.kind, sure, harm, lasts, found.id)
