"""Alerts in the warehouse: each step of a delivery, and what a process has to go on with after a restart."""

import logging
from collections.abc import Callable, Sequence

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.alerting import Alert, who
from analytics.archive import WarehouseArchive
from analytics.delivering import GIVE_UP_AFTER_S, Delivery
from kernel.findings import Finding
from warehouse.deliveries import DeliveryRow, insert_deliveries, read_unfinished
from warehouse.suspects import read_suspects

REMEMBERED_S = 7 * 86_400.0  # what fires for longer is told anew
MOST_COUNTED = 10_000  # identities of a finding
MOST_ASKED = 3  # findings of an incident that are asked for, the newest

log = logging.getLogger("tidegate.analytics.alerts")


class Step(msgspec.Struct, frozen=True):
    """A delivery with its times, seconds since 1970: when it was taken up, and when settled (0: not yet)."""

    delivery: Delivery
    at: float
    settled_at: float


class Unfinished(msgspec.Struct, frozen=True):
    """What another process, or this one before a restart, left: what fires, and what is not delivered yet.

    `told`: (alert's id, sink) of every alert that a sink has taken up, as grave as it is. `settled`: of what
    fires, delivered or given up. `lapsed`: too old to be tried again.
    """

    firing: tuple[Alert, ...]
    waiting: tuple[Step, ...]
    told: frozenset[tuple[str, str]]
    lapsed: tuple[Step, ...] = ()
    settled: tuple[Step, ...] = ()


class HeardArchive(WarehouseArchive):
    """The loop's archive; findings that are written are told to the alerts, too."""

    def __init__(self, client: Client, tenant: str, hear: Callable[[Sequence[Finding]], None]) -> None:
        super().__init__(client, tenant)
        self._hear = hear

    def keep_findings(self, findings: Sequence[Finding]) -> None:
        """Write them, then tell."""
        super().keep_findings(findings)
        self._hear(findings)


class WarehouseJournal:
    """Deliveries of one tenant. Everything raises what the warehouse's client raises, and making it does."""

    def __init__(self, client: Callable[[], Client], tenant: str) -> None:
        self._client = client
        self._tenant = tenant

    def keep(self, steps: Sequence[Step]) -> None:
        """Write steps; a later one of the same alert, sink and state replaces the earlier."""
        insert_deliveries(self._client(), self._tenant, [to_row(step) for step in steps])

    def unfinished(self, now: float) -> Unfinished:
        """What fires, and what was taken up lately and is not settled."""
        rows = read_unfinished(self._client(), self._tenant, since=now - REMEMBERED_S)
        steps = [step for step in map(of_row, rows) if step is not None]
        resolved = {each.delivery.alert.id for each in steps if each.delivery.alert.state == "resolved"}
        fires = [each for each in steps if each.delivery.alert.id not in resolved]
        fires.sort(key=lambda each: each.delivery.alert.raised)  # the gravest that was told stands
        firing = {each.delivery.alert.id: each.delivery.alert for each in fires}
        unsettled = [each for each in steps if not each.settled_at]
        waiting = tuple(each for each in unsettled if each.at >= now - GIVE_UP_AFTER_S)
        lapsed = tuple(each for each in unsettled if each.at < now - GIVE_UP_AFTER_S)
        told = frozenset(
            (each.delivery.alert.id, each.delivery.sink)
            for each in fires
            if each.delivery.alert.is_telling(firing[each.delivery.alert.id])
        )
        settled = tuple(each for each in fires if each.settled_at)
        return Unfinished(tuple(firing.values()), waiting, told, lapsed, settled)

    def known(self, since: float) -> Sequence[Finding]:
        """Findings with an onset since then, and open ones."""
        return WarehouseArchive(self._client(), self._tenant).known(since)

    def accused(self, findings: Sequence[str]) -> str:
        """Whom findings over several identities accuse, in words; empty where nobody by name."""
        lists = (
            read_suspects(self._client(), self._tenant, each, limit=MOST_COUNTED)
            for each in findings[-MOST_ASKED:]
        )
        identities = {suspect.identity: None for found in lists for suspect in found}
        return who(identities, len(identities))


def to_row(step: Step) -> DeliveryRow:
    """As the table has it."""
    delivery, alert = step.delivery, step.delivery.alert
    return DeliveryRow(
        alert=alert.id,
        name=alert.name,
        sink=delivery.sink,
        state=alert.state,
        severity=alert.severity,
        summary=alert.summary,
        labels=alert.labels,
        starts_at=alert.starts_at,
        ends_at=alert.ends_at,
        tried=delivery.tried,
        delivered=delivery.is_delivered,
        failure=delivery.failure,
        at=step.at,
        settled_at=step.settled_at,
        content=msgspec.json.encode(alert).decode(),
    )


def of_row(row: DeliveryRow) -> Step | None:
    """The step that a row tells; None where another version wrote what this one cannot read."""
    try:
        alert = msgspec.json.decode(row.content, type=Alert)
    except msgspec.DecodeError as problem:
        log.warning("the delivery of %s to %s cannot be read: %s", row.alert, row.sink, problem)
        return None
    delivery = Delivery(alert, row.sink, row.tried, bool(row.settled_at), row.failure)
    return Step(delivery, row.at, row.settled_at)
