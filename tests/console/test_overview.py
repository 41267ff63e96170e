"""What the overview calls trouble, and what it makes of parts that do not answer."""

import socket
from pathlib import Path

import msgspec
from clickhouse_connect.driver.client import Client

from console.endpoints import Endpoints
from console.overview import Telemetry, overview_of, telemetry_of, troubles_of
from console.processes import PartState, Processes
from kernel.control import Lease, Loop, Status, Undone
from kernel.readiness import Readiness

STATUS = Status("default", "r2", "p.yaml", (), (), 1, (), Lease("", 0.0), Loop(False, "", 0.0), (), 1_000.0)
READY = Readiness(True, False, "r2", 1, 0, 1)
TELEMETRY = Telemetry(3, 3, 0, 0, 0, 0.2, ("p1",), 0)


def test_a_gateway_that_is_well_has_no_troubles() -> None:
    assert troubles_of((PartState("proxy", 7, 0),), STATUS, READY, TELEMETRY) == ()


def test_each_trouble_is_told() -> None:
    refused = msgspec.structs.replace(
        STATUS,
        refused_policy=("p.yaml:3:1 what",),
        undone_by_file=Undone("revision r1", ("the file took out a",)),
    )
    lagging = Readiness(False, False, "r1", 1, 0, 1)
    lossy = Telemetry(3, 2, 0, 1, 0, None, (), 0)
    assert troubles_of((PartState("analytics", 0, 2),), refused, lagging, lossy) == (
        "analytics is down",
        "the policy file is refused: p.yaml:3:1 what",
        "the file took out a",
        "the proxy runs revision r1, control has r2",
        "the proxy is not ready",
        "1 telemetry event was lost",
    )


def test_what_does_not_answer_is_a_trouble_and_the_rest_is_shown(tmp_path: Path) -> None:
    processes = Processes(1, 5.0, {"proxy": "http://127.0.0.1:1"}, (PartState("proxy", 7, 0),))
    nowhere = "http://127.0.0.1:9"  # discard: nobody listens there
    found = Endpoints(tmp_path, "default", nowhere, nowhere, nowhere, "", "", "", processes)
    overview = overview_of(found, 1_000.0)
    assert (overview.control, overview.proxy, overview.telemetry) == (None, None, None)
    assert overview.parts == processes.parts
    assert [trouble.partition(" at ")[0] for trouble in overview.troubles[:2]] == [
        "the control endpoint",
        "the proxy's management",
    ]
    assert "the warehouse does not answer" in overview.troubles[2]


def test_a_warehouse_without_telemetry_has_an_account_of_zeros(warehouse_client: Client, tenant: str) -> None:
    assert telemetry_of(warehouse_client, tenant, 1_000.0) == Telemetry(0, 0, 0, 0, 0, None, (), 0)


def test_what_hangs_is_a_trouble_soon(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hung = f"http://127.0.0.1:{silent.getsockname()[1]}"
        found = Endpoints(tmp_path, "default", hung, hung, hung, "a", "b", "c", None)
        overview = overview_of(found, 1_000.0, within_s=1)
    assert ["timed out" in each or "no answer in time" in each for each in overview.troubles] == [True] * 3
