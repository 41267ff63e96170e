"""What was so at that time, from a real warehouse."""

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.situations import LATEST_NEWS_S, as_applied, situation_of
from kernel.control import Label
from kernel.findings import Overlay
from kernel.replays import ReplayRequest
from tests.analytics.replays import SINCE, policy_text
from tests.analytics.traffic import login, rows_of
from tests.findings import burst
from tests.warehouse.event_rows import insert_rows
from tests.warehouse.test_suspects import stuffing_finding
from warehouse.findings import insert_findings
from warehouse.overlays import insert_overlays
from warehouse.suspects import Suspect, insert_suspects

REQUEST = ReplayRequest(policy_text(), SINCE, SINCE + 60)
BURST = burst("ip:1", SINCE + 10, tenant="", closed_at=SINCE + 20)


def opinion(label: str, *, finding: str = "", identity: str = "") -> Label:
    return msgspec.convert(
        {
            "finding": finding,
            "identity": identity,
            "label": label,
            "reason": "",
            "author": "me",
            "created_at": 0.0,
        },
        Label,
    )


def test_findings_suspects_and_operators_accuse(warehouse_client: Client, tenant: str) -> None:
    insert_findings(warehouse_client, [msgspec.structs.replace(BURST, tenant=tenant)])
    insert_suspects(warehouse_client, tenant, [Suspect("f2", "ip:2", SINCE, SINCE + 5, 3)])
    opinions = [opinion("attack", identity="ip:3"), opinion("legitimate", identity="ip:2")]
    found = situation_of(warehouse_client, tenant, REQUEST, base="", opinions=opinions)
    assert {each.identity for each in found.labels.attacks} == {"ip:1", "ip:2", "ip:3"}
    assert set(found.labels.stretches()) == {"ip:1", "ip:3"}
    assert found.labels.greedy == {"ip:1"}  # a client burst accuses it, and nothing else
    refuted = situation_of(
        warehouse_client, tenant, REQUEST, base="", opinions=[opinion("legitimate", finding="f1")]
    )
    assert set(refuted.labels.stretches()) == {"ip:2"}
    named = [opinion("legitimate", finding="f1"), opinion("attack", identity="ip:1")]
    found = situation_of(warehouse_client, tenant, REQUEST, base="", opinions=named)
    assert set(found.labels.stretches()) == {"ip:1", "ip:2"}  # whom an operator accuses by name stays accused


def test_whom_an_open_finding_accuses_since_it_was_stored_is_accused(
    warehouse_client: Client, tenant: str
) -> None:
    start = int(SINCE)
    tries = [login(float(at), f"ip:10.0.0.{at}", f"u{at}", success=False) for at in range(1, 5)]
    insert_rows(warehouse_client, rows_of(tenant, tries, start), token=tenant)
    finding = stuffing_finding(tenant, SINCE + 1.0)
    insert_findings(warehouse_client, [finding])
    insert_suspects(warehouse_client, tenant, [Suspect(finding.id, "ip:10.0.0.1", SINCE, SINCE + 1, 1)])
    found = situation_of(warehouse_client, tenant, REQUEST, base="")
    assert set(found.labels.stretches()) == {f"ip:10.0.0.{at}" for at in range(1, 5)}
    opinions = [opinion("legitimate", finding=finding.id)]
    refuted = situation_of(warehouse_client, tenant, REQUEST, base="", opinions=opinions)
    assert refuted.labels.stretches() == {}


def test_an_overlay_is_in_force_from_when_the_proxy_heard_of_it() -> None:
    set_ = Overlay("o1", "default", "one", "", 1.0, 1, "", "", SINCE, SINCE + 60)
    assert as_applied(set_, SINCE + 0.3).created_at == SINCE + 0.3
    for never_heard in (SINCE, SINCE - 1.0, SINCE + LATEST_NEWS_S):  # nobody asked until long after
        assert as_applied(set_, never_heard) is set_


def test_only_overlays_of_that_time_are_taken(warehouse_client: Client, tenant: str) -> None:
    then = Overlay("o1", tenant, "one", "", 1.0, 1, "", "", SINCE - 10, SINCE + 10)
    later = msgspec.structs.replace(then, id="o2", created_at=SINCE + 900, expires_at=SINCE + 999)
    insert_overlays(warehouse_client, [then, later])
    found = situation_of(warehouse_client, tenant, REQUEST, base="b")
    assert [each.id for each in found.overlays] == ["o1"]
    assert (found.base, found.lost) == ("b", 0.0)
