"""What the console's pages ask, over stored rows."""

import time

from clickhouse_connect.driver.client import Client

from tests.warehouse.event_rows import insert_rows, row
from warehouse.readers_pages import (
    MOST_NAMED,
    Accused,
    read_accused,
    read_rule_deeds,
    read_unrouted,
)
from warehouse.suspects import Suspect, insert_suspects


def test_whom_a_finding_accuses_is_counted_and_the_busiest_are_named(
    warehouse_client: Client, tenant: str
) -> None:
    accused = [
        Suspect("f1", f"ip:10.0.0.{each}", 1_800_000_000.0, 1_800_000_001.0, each) for each in range(1, 8)
    ]
    insert_suspects(warehouse_client, tenant, accused)
    busiest = tuple(f"ip:10.0.0.{each}" for each in (7, 6, 5, 4))
    assert len(busiest) == MOST_NAMED
    assert read_accused(warehouse_client, tenant, ["f1", "f2"]) == [Accused("f1", 7, busiest)]
    assert read_accused(warehouse_client, tenant, []) == []


def test_a_rules_deeds_are_refusals_and_those_that_shadow_spared(
    warehouse_client: Client, tenant: str
) -> None:
    start = float(int(time.time())) - 60
    refused: dict[str, object] = {"decision": "refused", "rule": "strict", "status": 429}
    rows = [
        row(tenant, 1, ended_at=start - 100, **refused),  # before
        row(tenant, 2, ended_at=start + 1, **refused),
        row(tenant, 3, ended_at=start + 2, identity="ip:10.0.0.2", **refused),
        row(tenant, 4, ended_at=start + 3, **refused | {"rule": "other", "would_refuse": ["mild"]}),
        row(tenant, 5, ended_at=start + 4),
    ]
    insert_rows(warehouse_client, rows, token=f"{tenant}-deeds")
    mild, strict = read_rule_deeds(warehouse_client, tenant, ["mild", "strict", "idle"], start)
    assert (mild.rule, mild.refused, mild.spared, mild.spared_identities) == ("mild", 0, 1, 1)
    assert (strict.refused, strict.refused_identities, strict.spared) == (2, 2, 0)
    assert (mild.last_at, strict.last_at) == (start + 3, start + 2)


def test_what_no_route_took_is_counted_by_the_second(warehouse_client: Client, tenant: str) -> None:
    now = float(int(time.time())) - 30
    lost = {"route": "", "status": 404, "decision": "refused", "outcome": "no_route"}
    denied = lost | {"status": 403, "outcome": "refused"}
    rows = [row(tenant, each, ended_at=now + each / 2, **lost) for each in range(3)]
    rows += [row(tenant, 9, ended_at=now, **denied), row(tenant, 10, ended_at=now + 9, **lost)]
    insert_rows(warehouse_client, rows, token=f"unrouted-{tenant}")
    assert read_unrouted(warehouse_client, tenant, now, now + 5) == {int(now): 2, int(now) + 1: 1}
