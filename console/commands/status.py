"""`tidegate status`: processes, policy, overlays, telemetry and findings of a running gateway."""

import time

import typer

from console.called import command
from console.endpoints import Data, find_endpoints
from console.moments import to_span, to_utc
from console.overview import Overview, Telemetry, overview_of
from console.settings import settings
from console.terminal import AsJson, command_app, say, write_json
from console.wording import aligned, counted
from kernel.control import Status
from kernel.findings import Overlay
from kernel.readiness import Readiness
from kernel.wording import to_rate
from warehouse.exits import PROBLEMS_FOUND, CannotRun

MOST_OVERLAYS = 20

app = command_app()


@app.command()
def status(data: Data = None, as_json: AsJson = False) -> None:
    """Show what runs, the policy and the overlays in force, telemetry's account and open findings.

    Exit code 0: all is well; 1: something is not, told under `troubles`; 2: no gateway runs there.
    """
    found = find_endpoints(settings(), data)
    if found.processes is None:
        raise CannotRun(
            f"no gateway runs on {found.data}; name the one that does with --data, or start one:"
            f" {command('up', '--policy', 'FILE', '--data', found.data)}"
        )
    overview = overview_of(found, time.time())
    if as_json:
        write_json(overview)
    else:
        show(overview)
    if overview.troubles:
        raise typer.Exit(PROBLEMS_FOUND)


def show(overview: Overview) -> None:
    """For people: the parts, then policy, overlays, telemetry, and what is wrong last."""
    say(
        f"up since {to_utc(overview.started_at)} UTC, process {overview.supervisor_pid}, data {overview.data}"
    )
    for part in overview.parts:
        state = f"process {part.pid}" if part.pid else "down"
        again = f", restarts {part.restarts}" if part.restarts else ""
        workers = workers_of(overview.proxy) if part.name == "proxy" else ""
        say(f"  {part.name:<10} {state}{again}{workers}  {overview.urls.get(part.name, '')}")
    if overview.control is not None:
        show_control(overview.control)
    if overview.telemetry is not None:
        show_telemetry(overview.telemetry)
        asking = command("findings", "--open", "--data", overview.data)
        say(f"findings   {overview.telemetry.findings_open} open  ({asking})")
    for trouble in overview.troubles:
        say(f"trouble: {trouble}")


def workers_of(proxy: Readiness | None) -> str:
    """How many of several workers serve, and how often crashed ones were started again."""
    if proxy is None or (proxy.workers == 1 and not proxy.restarts):
        return ""
    again = f" (restarted {counted(proxy.restarts, 'time')})" if proxy.restarts else ""
    return f", {counted(proxy.workers, 'worker')}{again}"


def show_control(control: Status) -> None:
    """Policy, loop, lease and overlays."""
    say(f"policy     {policy_of(control)}")
    if control.undone_by_file.replaced:
        say(f"           the file's change replaced {control.undone_by_file.replaced}")
    loop = f"paused: {control.loop.reason}" if control.loop.paused else "running"
    held = control.lease.holder if control.lease.expires_at > control.now else "nobody"
    say(f"automation {loop}; lease held by {held}")
    followers = ", ".join(
        f"{each.name} ({each.revision}, {to_span(control.now - each.seen_at)} ago)"
        for each in control.proxies
    )
    say(f"followers  {followers or 'none'}")
    say(f"overlays   {len(control.overlays)} in force")
    if control.overlays:
        shown = control.overlays[:MOST_OVERLAYS]
        lines = aligned([cells_of(each, control.now) for each in shown])
        for line, overlay in zip(lines, shown, strict=True):
            say(f"  {line}")
            say(f"      {overlay.reason}")
        if len(control.overlays) > MOST_OVERLAYS:
            say(f"  … and {len(control.overlays) - MOST_OVERLAYS} more (--json has all)")


def policy_of(control: Status) -> str:
    """The revision in force, where it is from, and whether the file says the same."""
    revision, file = f"revision {control.revision}", control.policy_file
    if control.file_revision in ("", control.revision):
        return f"{revision} of {file}"
    if control.revision_author == "file":
        return f"{revision} of {file}, with the approved rules"
    return f"{revision} by {control.revision_author} at {to_utc(control.revision_at)} UTC; {file} differs"


def cells_of(overlay: Overlay, now: float) -> tuple[str, ...]:
    """One overlay's first line: limit, whose, value, how long, and the finding that it comes from."""
    value = f"{to_rate(overlay.rate)}, burst {overlay.burst}"
    left = f"ends in {to_span(overlay.expires_at - now)}"
    finding = f"finding {overlay.finding}" if overlay.finding else ""
    return overlay.limit, overlay.identity or "everybody", value, left, finding


def show_telemetry(telemetry: Telemetry) -> None:
    """The ledger's account and the watermark."""
    say(
        f"telemetry  {telemetry.offered:,} offered = {telemetry.stored:,} stored + {telemetry.spooled:,}"
        f" spooled + {telemetry.dropped:,} lost + {telemetry.buffered:,} buffered"
    )
    lag = (
        "no worker heard"
        if telemetry.watermark_lag_s is None
        else f"{max(telemetry.watermark_lag_s, 0.0):.1f} s behind"
    )
    say(f"watermark  {lag}; workers: {', '.join(telemetry.workers) or 'none'}")
