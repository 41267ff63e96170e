"""What a process writes down of alerts, and what the next one has to go on with."""

from collections.abc import Sequence

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.alerts_journal import HeardArchive, Step, WarehouseJournal
from analytics.delivering import GIVE_UP_AFTER_S, SUPERSEDED, Delivery
from kernel.findings import Finding
from tests.analytics.receiving import ALERT, OVER
from tests.warehouse.test_suspects import stuffing_finding
from warehouse.suspects import Suspect, insert_suspects

NOW = 1_800_000_000.0
FIRED = Step(Delivery(ALERT, "hook"), NOW, 0.0)
TOLD = Step(Delivery(ALERT, "hook", 1, True), NOW, NOW + 1.0)
ENDED = Step(Delivery(OVER, "hook"), NOW + 60.0, 0.0)


def test_what_fires_and_what_waits_is_gone_on_with(warehouse_client: Client, tenant: str) -> None:
    journal = WarehouseJournal(lambda: warehouse_client, tenant)
    journal.keep([FIRED])
    left = journal.unfinished(NOW + 5.0)
    assert (left.firing, left.waiting, left.told) == ((ALERT,), (FIRED,), frozenset({(ALERT.id, "hook")}))
    journal.keep([TOLD])
    left = journal.unfinished(NOW + 5.0)
    assert (left.firing, left.waiting, left.told) == ((ALERT,), (), frozenset({(ALERT.id, "hook")}))


def test_what_is_over_fires_no_longer_and_is_told_once(warehouse_client: Client, tenant: str) -> None:
    journal = WarehouseJournal(lambda: warehouse_client, tenant)
    journal.keep([Step(Delivery(ALERT, "hook", 0, True, SUPERSEDED), NOW, NOW + 60.0), ENDED])
    left = journal.unfinished(NOW + 61.0)
    assert (left.firing, left.waiting) == ((), (ENDED,))


def test_what_is_too_old_is_not_tried_again_but_still_fires(warehouse_client: Client, tenant: str) -> None:
    journal = WarehouseJournal(lambda: warehouse_client, tenant)
    journal.keep([FIRED])
    left = journal.unfinished(NOW + GIVE_UP_AFTER_S + 1.0)
    assert (left.firing, left.waiting, left.lapsed) == ((ALERT,), (), (FIRED,))


def test_what_another_version_wrote_is_passed_over(warehouse_client: Client, tenant: str) -> None:
    journal = WarehouseJournal(lambda: warehouse_client, tenant)
    journal.keep([FIRED])
    other = {"tenant": tenant, "content": '{"v": 9}'}
    warehouse_client.command(
        "INSERT INTO deliveries SELECT * REPLACE ('other' AS alert, {content:String} AS content)"
        " FROM deliveries WHERE tenant = {tenant:String}",
        parameters=other,
    )
    assert journal.unfinished(NOW).firing == (ALERT,)


def test_whom_findings_accuse_is_said_in_words(warehouse_client: Client, tenant: str) -> None:
    journal = WarehouseJournal(lambda: warehouse_client, tenant)
    assert journal.accused(["a", "b"]) == ""
    accused = [Suspect("a", f"ip:192.0.2.{at}", NOW, NOW, 9 - at) for at in range(5)]
    insert_suspects(warehouse_client, tenant, [*accused, Suspect("b", "ip:192.0.2.1", NOW, NOW, 1)])
    assert journal.accused(["a", "b"]) == (
        "5 identities, among them ip:192.0.2.0, ip:192.0.2.1, ip:192.0.2.2"
    )


def test_findings_that_are_written_are_heard(warehouse_client: Client, tenant: str) -> None:
    heard: list[Finding] = []

    def hear(findings: Sequence[Finding]) -> None:
        heard.extend(findings)

    finding = msgspec.structs.replace(stuffing_finding(tenant, NOW), kind="client-burst")
    HeardArchive(warehouse_client, tenant, hear).keep_findings([finding])
    assert heard == [finding]
    assert WarehouseJournal(lambda: warehouse_client, tenant).known(NOW) == [finding]


def test_a_sink_that_was_told_of_less_is_to_be_told_again(warehouse_client: Client, tenant: str) -> None:
    journal = WarehouseJournal(lambda: warehouse_client, tenant)
    raised = msgspec.structs.replace(ALERT, severity="critical", raised=1)
    graver = Step(Delivery(raised, "am", 1, True), NOW - 1.0, NOW + 5.0)
    journal.keep([TOLD, graver])
    left = journal.unfinished(NOW + 5.0)
    assert (left.firing, left.told) == ((raised,), frozenset({(ALERT.id, "am")}))
    assert left.settled == (TOLD, graver)
