"""`tidegate status` shows what the overview holds; the whole command is in tests/integration/test_up.py."""

import json
from pathlib import Path

import msgspec
import pytest

from console.called import command
from console.commands.status import app, policy_of, show
from console.keyring import keyring_of
from console.overview import Overview, Telemetry
from console.processes import PartState, Processes, write_processes
from kernel.control import Lease, Loop, SeenProxy, Status, Undone
from kernel.readiness import Readiness
from tests.console.policies import overlay
from tests.console.running import ran
from warehouse.ownership import claim

STATUS = Status(
    tenant="default",
    revision="r2",
    policy_file="policy.yaml",
    refused_policy=(),
    warnings=(),
    overlays_version=7,
    overlays=(overlay(), overlay("")),
    lease=Lease("analytics-1", 1_010.0),
    loop=Loop(True, "incident 12", 990.0),
    proxies=(SeenProxy("p1", "r2", 7, 995.0),),
    now=1_000.0,
)
OVERVIEW = Overview(
    data="var",
    tenant="default",
    supervisor_pid=41,
    started_at=0.0,
    urls={"proxy": "http://127.0.0.1:8080"},
    parts=(PartState("proxy", 42, 1), PartState("analytics", 0, 3)),
    control=STATUS,
    proxy=Readiness(True, False, "r2", 7, 0, 2, 1),
    telemetry=Telemetry(1_234, 1_230, 1, 2, 1, 0.25, ("p1",), 3),
    troubles=("analytics is down",),
)


def test_people_see_each_thing_that_counts(capsys: pytest.CaptureFixture[str]) -> None:
    show(OVERVIEW)
    shown = capsys.readouterr().out
    for words in (
        "process 42, restarts 1, 2 workers (restarted 1 time)  http://127.0.0.1:8080",
        "analytics  down",
        "revision r2 of policy.yaml",
        "paused: incident 12; lease held by analytics-1",
        "p1 (r2, 5 s ago)",
        "2 in force",
        "5/s, burst 5",
        "10 min",
        "everybody",
        "1,234 offered = 1,230 stored + 1 spooled + 2 lost + 1 buffered",
        "0.2 s behind",
        f"3 open  ({command('findings', '--open', '--data', 'var')})",
        "trouble: analytics is down",
    ):
        assert words in shown


@pytest.mark.parametrize(
    ("author", "file_revision", "told"),
    [
        ("file", "r2", "revision r2 of policy.yaml"),
        ("file", "r1", "revision r2 of policy.yaml, with the approved rules"),
        ("ada", "r1", "revision r2 by ada at 1970-01-01 00:01:00 UTC; policy.yaml differs"),
    ],
)
def test_where_the_policy_in_force_is_from_is_told(author: str, file_revision: str, told: str) -> None:
    status = msgspec.structs.replace(
        STATUS, revision_author=author, revision_at=60.0, file_revision=file_revision
    )
    assert policy_of(status) == told


def test_a_revision_that_the_file_replaced_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    undone = Undone("revision r1, by ada at noon")
    show(msgspec.structs.replace(OVERVIEW, control=msgspec.structs.replace(STATUS, undone_by_file=undone)))
    assert "the file's change replaced revision r1, by ada at noon" in capsys.readouterr().out


def test_identities_and_ids_are_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    held = msgspec.structs.replace(overlay("consumer:" + "x" * 100), finding="0123456789abcdef")
    show(msgspec.structs.replace(OVERVIEW, control=msgspec.structs.replace(STATUS, overlays=(held,))))
    lines = capsys.readouterr().out.splitlines()
    (first,) = [number for number, line in enumerate(lines) if held.identity in line]
    assert lines[first].endswith("ends in 10 min  finding 0123456789abcdef")
    assert lines[first + 1] == "      client burst"


def test_a_clock_that_is_ahead_is_not_negative_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert OVERVIEW.telemetry is not None
    ahead = msgspec.structs.replace(OVERVIEW.telemetry, watermark_lag_s=-0.01)
    show(msgspec.structs.replace(OVERVIEW, telemetry=ahead))
    assert "watermark  0.0 s behind" in capsys.readouterr().out


def test_no_gateway_is_another_exit_code(tmp_path: Path) -> None:
    typo = tmp_path / "typo"
    done = ran(app, "--data", str(typo))
    assert done.code == 2
    assert "no gateway runs" in done.complaint
    assert not typo.exists()


def test_parts_that_do_not_answer_are_troubles_and_exit_code_one(tmp_path: Path) -> None:
    keyring_of(tmp_path, bytes)
    write_processes(tmp_path, Processes(1, 0.0, {}, (PartState("proxy", 0, 0),)))
    held = claim(tmp_path)
    done = ran(app, "--data", str(tmp_path), "--json")
    held.close()
    told = json.loads(done.out)
    assert done.code == 1
    assert told["control"] is None
    assert "proxy is down" in told["troubles"]
