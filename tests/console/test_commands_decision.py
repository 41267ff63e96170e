"""`tidegate decision`, on the session's warehouse."""

import json
import time
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from console.commands.decision import app
from console.moments import to_utc
from tests.console.running import Ran, ran
from tests.warehouse.event_rows import insert_rows, row

NOW_S = int(time.time())  # the table forgets after some days
BOOT = NOW_S * 1_000_000
ID = f"gate-1-{BOOT:x}-2f"


@pytest.fixture
def stored(warehouse_client: Client, tenant: str) -> None:
    known = {
        "boot": BOOT,
        "worker": "gate-1",
        "status": 429,
        "outcome": "refused",
        "decision": "refused",
        "reason": "quota-exceeded",
        "limit": "per-client",
        "limit_remaining": 0,
        "overlay": "overlay-9",
        "revision": "r2",
    }
    insert_rows(warehouse_client, [row(tenant, 0x2F, ended_at=NOW_S + 0.25, **known)], token=tenant)


def asked(warehouse_url: str, tenant: str, *arguments: str) -> Ran:
    return ran(app, *arguments, "--warehouse", warehouse_url, "--tenant", tenant)


@pytest.mark.usefixtures("stored")
def test_people_get_two_columns(warehouse_url: str, tenant: str) -> None:
    done = asked(warehouse_url, tenant, ID)
    told = dict(line.split("  ", 1) for line in done.out.splitlines())
    shown = {name.strip(): value.strip() for name, value in told.items()}
    assert done.code == 0
    expected = {
        "started (UTC)": f"{to_utc(NOW_S)}.248500",
        "request": "GET /orders/{id}",
        "status": "429",
        "outcome": "refused",
        "reason": "quota-exceeded",
        "rule": "-",
        "limit": "per-client",
        "remaining": "0 left",
        "overlay": "overlay-9",
        "revision": "r2",
        "identity": "ip:10.0.0.1",
        "duration": "1.500 ms",
        "trace id": "0af7651916cd43dd8448eb211c80319c",
    }
    assert expected.items() <= shown.items()


@pytest.mark.usefixtures("stored")
def test_programs_get_json(warehouse_url: str, tenant: str) -> None:
    told = json.loads(asked(warehouse_url, tenant, ID, "--json").out)
    assert (told["worker"], told["seq"], told["limit_remaining"]) == ("gate-1", 0x2F, 0)


def test_no_row_is_exit_code_one(warehouse_url: str, tenant: str) -> None:
    done = asked(warehouse_url, tenant, "gate-1-1-1")
    assert (done.code, done.out, "no row has gate-1-1-1" in done.err) == (1, "", True)


def test_what_cannot_be_asked_is_exit_code_two(tmp_path: Path) -> None:
    typo = tmp_path / "typo"
    for arguments, said in (
        (("nonsense",), "is no decision id"),
        ((ID, "--data", str(typo)), "no warehouse there"),
        ((ID, "--warehouse", "http://127.0.0.1:9"), "does not answer (connection refused)"),
    ):
        done = ran(app, *arguments)
        assert (done.code, said in done.complaint) == (2, True)
    assert not typo.exists()
