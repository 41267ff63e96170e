"""A decision id, as a client was shown it, leads to its row."""

import time

import pytest
from clickhouse_connect.driver.client import Client

from tests.warehouse.event_rows import insert_rows, row
from warehouse.decisions import DecisionId, parse_decision_id, read_decision

NOW_S = int(time.time())  # the table forgets after some days
BOOT = NOW_S * 1_000_000
AT = NOW_S + 0.25


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("gate-60a-ff", DecisionId("gate", 0x60A, 0xFF)),
        ("host.example-8080-1-60a-1", DecisionId("host.example-8080-1", 0x60A, 1)),
        ("urn:tidegate:decision:a-b-c-1", DecisionId("a-b", 0xC, 1)),
        (" a-b-c-1\n", DecisionId("a-b", 0xC, 1)),
    ],
)
def test_a_workers_name_may_hold_dashes(text: str, parts: DecisionId) -> None:
    assert parse_decision_id(text) == parts


@pytest.mark.parametrize(
    "text", ["", "gate", "gate-1", "-1-1", "gate-1-x", "gate-1-", f"w-{'f' * 16}-1", f"w-1-{'f' * 17}"]
)
def test_what_is_none_is_told(text: str) -> None:
    assert parse_decision_id(text) is None


def test_the_row_is_found(warehouse_client: Client, tenant: str) -> None:
    rows = [
        row(tenant, seq, ended_at=AT, boot=BOOT, worker="a-b", reason="quota-exceeded") for seq in range(3)
    ]
    insert_rows(warehouse_client, rows, token=tenant)
    found = read_decision(warehouse_client, tenant, DecisionId("a-b", BOOT, 2))
    assert found is not None
    assert (found.seq, found.reason, found.client_ip) == (2, "quota-exceeded", "10.0.0.1")
    assert found.started_at == pytest.approx(AT - 0.0015, abs=1e-6)
    assert found.ended_at == AT
    assert read_decision(warehouse_client, tenant, DecisionId("a-b", BOOT, 3)) is None
    assert read_decision(warehouse_client, "another", DecisionId("a-b", BOOT, 2)) is None


def test_a_final_row_stands_before_interim_ones(warehouse_client: Client, tenant: str) -> None:
    reports = [row(tenant, 7, ended_at=AT + n, boot=BOOT, interim=1, duration_us=n) for n in (1, 2)]
    insert_rows(warehouse_client, reports, token=f"{tenant}-1")
    found = read_decision(warehouse_client, tenant, DecisionId("w1", BOOT, 7))
    assert found is not None
    assert (found.interim, found.duration_us) == (1, 2)
    insert_rows(warehouse_client, [row(tenant, 7, ended_at=AT, boot=BOOT)], token=f"{tenant}-2")
    found = read_decision(warehouse_client, tenant, DecisionId("w1", BOOT, 7))
    assert found is not None
    assert found.interim == 0
