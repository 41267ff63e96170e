"""`tidegate decision ID`: what is known of one request, by the id that its client was shown."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated

import typer

from console.endpoints import Data, Tenant, WarehouseUrl, find_endpoints
from console.moments import to_utc
from console.settings import inherited, settings
from console.terminal import AsJson, command_app, say, tell, write_json
from console.warehouse_at import at_own_warehouse, at_warehouse
from warehouse.decisions import Decision, parse_decision_id, read_decision
from warehouse.exits import PROBLEMS_FOUND, CannotRun

app = command_app()


@app.command()
def decision(
    name: Annotated[
        str,
        typer.Argument(metavar="ID", help="WORKER-BOOT-SEQ, as the response tells it.", show_default=False),
    ],
    tenant: Tenant = "",
    data: Data = None,
    warehouse: WarehouseUrl = "",
    as_json: AsJson = False,
) -> None:
    """Show the row of one request: when, what became of it, which rule, limit and overlay judged it.

    Exit code 0: found; 1: no row has that id; 2: it is no decision id, or no warehouse to ask.
    """
    wanted = parse_decision_id(name)
    if wanted is None:
        raise CannotRun(f"{name!r} is no decision id: it looks like WORKER-BOOT-SEQ, gate-1-64a53d0c81f20-2f")
    found = find_endpoints(settings(), data, warehouse=warehouse)
    whose = tenant or found.tenant
    look = partial(read_decision, tenant=whose, wanted=wanted)
    row = at_own_warehouse(found, inherited(), partial(at_warehouse, work=look))
    if row is None:
        tell(
            f"no row has {name}: it comes a second or two after the response,"
            f" and is kept for some days; tenant {whose}, or another with --tenant?"
        )
        raise typer.Exit(PROBLEMS_FOUND)
    if as_json:
        write_json(row)
    else:
        show(listing(row))


def show(listed: Mapping[str, str]) -> None:
    """Two columns."""
    widest = max(map(len, listed))
    for name, value in listed.items():
        say(f"{name:<{widest}}  {value or '-'}")


def listing(row: Decision) -> dict[str, str]:
    """What people look for, by name, in the order of a request's life."""
    left = f"{row.limit_remaining} left" if row.limit_remaining >= 0 else ""
    micros = f"{row.started_at % 1:.6f}"[1:]
    return {
        "started (UTC)": to_utc(row.started_at) + micros,
        "route": row.route,
        "request": f"{row.method} {row.path or '(no route)'}",
        "status": str(row.status) if row.status else "none was sent",
        "outcome": f"{row.outcome}{' (so far: it goes on)' if row.interim else ''}",
        "decision": row.decision,
        "rule": row.rule,
        "reason": row.reason,
        "would refuse": ", ".join(row.would_refuse),
        "limit": row.limit,
        "remaining": left,
        "overlay": row.overlay,
        "revision": row.revision,
        "identity": row.identity,
        "plan": row.plan,
        "client address": row.client_ip,
        "upstream": row.upstream,
        "duration": milliseconds(row.duration_us),
        "upstream took": milliseconds(row.upstream_us),
        "first byte": milliseconds(row.ttfb_us),
        "client's head": milliseconds(row.head_us),
        "client's body": milliseconds(row.body_us),
        "bytes in, out": f"{row.bytes_in:,}, {row.bytes_out:,}",
        "worker": f"{row.worker}, started {to_utc(row.boot / 1e6)}, request {row.seq:,}",
        "trace id": row.trace_id,
    }


def milliseconds(micros: int) -> str:
    """`1.500 ms`; nothing where nothing was measured."""
    return f"{micros / 1000:,.3f} ms" if micros else ""
