"""`tidegate findings`, on the session's warehouse."""

import json
import time
from pathlib import Path

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from console.commands.findings import app, is_unknown
from console.endpoints import Endpoints
from console.processes import Processes
from kernel.findings import Finding, Observation
from tests.console.running import Ran, ran
from tests.console.serving import TOKEN, Served
from tests.findings import burst
from warehouse.findings import insert_findings


def finding(tenant: str, name: str, *, onset: float, closed_at: float = 0.0) -> Finding:
    return burst(
        "ip:192.0.2.7",
        onset,
        id=name,
        tenant=tenant,
        route="catalogue",
        closed_at=closed_at,
        summary="40 requests a second, peers ask for 2",
        evidence=(Observation("requests", 40.0, 2.0, "1/s"),),
    )


@pytest.fixture
def now(warehouse_client: Client, tenant: str) -> float:
    now = float(int(time.time()))
    old = finding(tenant, "old", onset=now - 7_200, closed_at=now - 7_000)
    insert_findings(warehouse_client, [old, finding(tenant, "new", onset=now - 60)])
    return now


def listed(warehouse_url: str, tenant: str, *arguments: str) -> Ran:
    return ran(app, "--warehouse", warehouse_url, "--tenant", tenant, *arguments)


def test_findings_are_listed_newest_first(warehouse_url: str, tenant: str, now: float) -> None:
    told = json.loads(listed(warehouse_url, tenant, "--json").out)
    assert [each["id"] for each in told] == ["new", "old"]
    assert told[0]["evidence"][0]["expected"] == 2.0


def test_they_are_filtered_by_time_and_state(warehouse_url: str, tenant: str, now: float) -> None:
    for arguments in (("--since", "1h"), ("--open",), ("--since", str(now - 100))):
        told = json.loads(listed(warehouse_url, tenant, "--json", *arguments).out)
        assert [each["id"] for each in told] == ["new"]


def test_a_finding_takes_two_lines_which_are_never_wrapped_or_cut(
    warehouse_client: Client, warehouse_url: str, tenant: str, now: float
) -> None:
    wide = msgspec.structs.replace(
        finding(tenant, "f" * 16, onset=now - 30), key="k" * 200, summary="word " * 80
    )
    insert_findings(warehouse_client, [wide])
    asked = ("--warehouse", warehouse_url, "--tenant", tenant, "--since", str(now - 40))
    first, second, count = ran(app, *asked, environment={"COLUMNS": "80"}).out.splitlines()
    assert first.endswith(f"open  warning  D1 client-burst  {wide.key}  {wide.id}")
    assert second == f"    {wide.summary}"
    assert count == "1 finding, 1 open"


def test_people_get_records_and_a_count(warehouse_url: str, tenant: str, now: float) -> None:
    done = listed(warehouse_url, tenant)
    assert done.code == 0
    assert "2 findings, 1 open" in done.out
    assert "client-burst" in done.out


def test_no_findings_are_no_trouble(warehouse_url: str, tenant: str) -> None:
    done = listed(warehouse_url, tenant)
    assert (done.code, done.out) == (0, "0 findings, 0 open\n")


def test_operator_mistakes_are_told(warehouse_url: str, tenant: str) -> None:
    assert "is no time" in listed(warehouse_url, tenant, "--since", "yesterday").complaint
    done = ran(app, "--warehouse", "http://127.0.0.1:9")
    assert (done.code, "the warehouse does not answer (connection refused)" in done.complaint) == (2, True)


@pytest.mark.parametrize("arguments", [(), ("--imported",), ("--open", "--json")])
def test_a_mistyped_directory_is_told_and_not_made(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    typo = tmp_path / "typo"
    done = ran(app, "--data", str(typo), *arguments)
    assert (done.code, "no warehouse there" in done.complaint) == (2, True)
    assert not typo.exists()


def test_a_finding_is_labelled_by_who_knows_it(control: Served) -> None:
    arguments = ("label", "0123456789abcdef", "legitimate", "--reason", "load test", "--control", control.url)
    done = ran(app, *arguments, environment={"TIDEGATE_CONTROL_TOKEN": TOKEN})
    assert done.out.startswith("0123456789abcdef is labelled legitimate by ")
    assert control.call.get("/v1/labels").json()[0]["reason"] == "load test"


def test_an_id_that_no_finding_has_is_known_as_such_where_the_gateway_runs(
    warehouse_url: str, tenant: str, now: float, tmp_path: Path
) -> None:
    processes = Processes(1, 5.0, {}, (), tenant)
    here = Endpoints(tmp_path, tenant, "", "", warehouse_url, "", "", "", processes)
    assert [is_unknown(here, each) for each in ("new", "nwe")] == [False, True]
    away = msgspec.structs.replace(here, warehouse="http://127.0.0.1:9")
    elsewhere = msgspec.structs.replace(here, processes=None)
    assert not any(is_unknown(each, "nwe") for each in (away, elsewhere))
