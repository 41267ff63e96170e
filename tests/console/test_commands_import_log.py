"""`tidegate import-log`, on the session's warehouse."""

import json
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from console.called import command
from console.commands.import_log import MOST_TOLD, app
from tests.console.policies import ADAPTIVE
from tests.console.running import Ran, ran

LINE = (
    '192.0.2.{n} - - [17/May/2015:10:05:{n:02d} +0000] "GET /catalogue/{n} HTTP/1.1" 200 {n}00 "-" "curl/8"\n'
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.write_text("".join(LINE.format(n=n) for n in range(1, 11)))
    return path


def imported(warehouse_url: str, tenant: str, log: Path, *arguments: str) -> Ran:
    data = ("--data", str(log.parent / "data"))
    return ran(app, str(log), "--warehouse", warehouse_url, "--tenant", tenant, *data, *arguments)


def test_every_line_is_accounted_for(warehouse_url: str, tenant: str, log: Path) -> None:
    done = imported(warehouse_url, tenant, log)
    assert done.code == 0
    assert "every line is accounted for: 10 " in done.out
    assert command("findings", "--imported", "--tenant", tenant, "--warehouse", warehouse_url) in done.out


def test_a_file_is_not_doubled(warehouse_url: str, tenant: str, log: Path) -> None:
    first = json.loads(imported(warehouse_url, tenant, log, "--json").out)
    again = json.loads(imported(warehouse_url, tenant, log, "--json").out)
    assert (first["lines"], first["stored"], first["before"]) == (10, 10, 0)
    assert (again["lines"], again["stored"], again["before"]) == (10, 0, 10)


def test_unreadable_lines_are_told_with_their_numbers_up_to_a_cap(
    warehouse_url: str, tenant: str, log: Path
) -> None:
    with log.open("a") as file:
        file.write("garbage\n" * (MOST_TOLD + 5))
    done = imported(warehouse_url, tenant, log)
    assert done.code == 1
    told = [line for line in done.err.splitlines() if ": unreadable: " in line]
    assert len(told) == MOST_TOLD
    assert told[0].startswith(f"{log}:11: ")
    assert "… and 5 more unreadable lines" in done.err


def test_routes_may_be_named_by_a_policy(
    warehouse_url: str, warehouse_client: Client, tenant: str, log: Path
) -> None:
    policy = log.parent / "policy.yaml"
    policy.write_text(ADAPTIVE)
    assert imported(warehouse_url, tenant, log, "--policy", str(policy)).code == 0
    question = "SELECT DISTINCT route, path FROM imports WHERE tenant = {tenant:String}"
    named = warehouse_client.query(question, parameters={"tenant": tenant}).result_rows
    assert list(named) == [("catalogue", "/catalogue/*")]


def test_operator_mistakes_are_told(warehouse_url: str, tenant: str, log: Path) -> None:
    assert "is no file" in imported(warehouse_url, tenant, log.parent / "none.log").complaint
    broken = log.parent / "broken.yaml"
    broken.write_text("routes: 1\n")
    assert "no policy" in imported(warehouse_url, tenant, log, "--policy", str(broken)).complaint
    assert "the warehouse does not answer" in imported("http://127.0.0.1:9", tenant, log).complaint
