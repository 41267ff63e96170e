"""The state of a running gateway, gathered from its parts: what `tidegate status` shows."""

from typing import TypeVar

import msgspec
from clickhouse_connect.driver.client import Client

from console.asking import Asker, NoAnswer
from console.endpoints import Endpoints
from console.processes import PartState
from console.warehouse_at import at_warehouse
from console.wording import counted
from kernel.control import Status
from kernel.readiness import Readiness
from warehouse.exits import CannotRun, without_password
from warehouse.findings import read_findings
from warehouse.readers import Reader

AHEAD_S = 60.0  # the ledger's clock may run ahead of ours
ANSWER_WITHIN_S = 3  # of each part: who asks what is wrong should not wait for what hangs

T = TypeVar("T")


class Telemetry(msgspec.Struct, frozen=True):
    """The ledger's totals since each worker's boot; offered = stored + spooled + dropped + buffered."""

    offered: int
    stored: int
    spooled: int
    dropped: int
    buffered: int
    watermark_lag_s: float | None  # None: no worker was heard
    workers: tuple[str, ...]
    findings_open: int


class Overview(msgspec.Struct, frozen=True):
    """`troubles` is empty where all is well; a part that did not answer is None."""

    data: str
    tenant: str
    supervisor_pid: int
    started_at: float
    urls: dict[str, str]
    parts: tuple[PartState, ...]
    control: Status | None
    proxy: Readiness | None
    telemetry: Telemetry | None
    troubles: tuple[str, ...]


def overview_of(found: Endpoints, now: float, *, within_s: int = ANSWER_WITHIN_S) -> Overview:
    """Ask every part that is known; what does not answer within `within_s` is among the troubles."""
    troubles: list[str] = []
    control = proxy = telemetry = None
    try:
        asker = Asker("the control endpoint", found.control, found.control_token, within_s=within_s)
        control = asker.get("/v1/status", Status, tenant=found.tenant)
    except NoAnswer as trouble:
        troubles.append(str(trouble))
    try:
        asker = Asker("the proxy's management", found.manage, found.manage_token, within_s=within_s)
        proxy = asker.get("/readyz", Readiness)
    except NoAnswer as trouble:
        troubles.append(str(trouble))
    try:
        telemetry = at_warehouse(
            found.warehouse, lambda client: telemetry_of(client, found.tenant, now), within_s=within_s
        )
    except CannotRun as trouble:
        troubles.append(str(trouble))
    processes = found.processes
    parts = processes.parts if processes else ()
    return Overview(
        data=str(found.data),
        tenant=found.tenant,
        supervisor_pid=processes.supervisor_pid if processes else 0,
        started_at=processes.started_at if processes else 0.0,
        urls={name: without_password(url) for name, url in processes.urls.items()} if processes else {},
        parts=parts,
        control=control,
        proxy=proxy,
        telemetry=telemetry,
        troubles=(*troubles, *troubles_of(parts, control, proxy, telemetry)),
    )


def telemetry_of(client: Client, tenant: str, now: float) -> Telemetry:
    """The ledger, the watermark and the open findings."""
    reader = Reader(client, tenant)
    loss = reader.loss(0.0, now + AHEAD_S)
    watermark = reader.watermark(now)
    return Telemetry(
        offered=loss.offered,
        stored=loss.stored,
        spooled=loss.spooled,
        dropped=loss.dropped,
        buffered=loss.buffered,
        watermark_lag_s=None if watermark.through is None else now - watermark.through,
        workers=watermark.workers,
        findings_open=len(read_findings(client, tenant, open_only=True)),
    )


def troubles_of(
    parts: tuple[PartState, ...],
    control: Status | None,
    proxy: Readiness | None,
    telemetry: Telemetry | None,
) -> tuple[str, ...]:
    """What an operator has to know first."""
    found = [f"{part.name} is down" for part in parts if not part.pid]
    if control is not None:
        found += [f"the policy file is refused: {reason}" for reason in control.refused_policy]
        found += control.undone_by_file.taken_out
        if proxy is not None and proxy.revision != control.revision:
            found.append(f"the proxy runs revision {proxy.revision}, control has {control.revision}")
    if proxy is not None and not proxy.ready:
        found.append("the proxy is not ready")
    if telemetry is not None and telemetry.dropped:
        were = "was" if telemetry.dropped == 1 else "were"
        found.append(f"{counted(telemetry.dropped, 'telemetry event')} {were} lost")
    return tuple(found)
