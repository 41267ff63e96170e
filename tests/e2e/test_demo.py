"""`tidegate demo` as a process: its mistakes in one line, and (slow) the whole of it.

CI runs the demo itself once more, as `make demo ARGS=--once`, with a random seed that it prints.
"""

import contextlib
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from warehouse.ownership import claim

ROOT = Path(__file__).parents[2]
ROWS = (
    "false alarms",
    "stuffing comes back: refused",
    "harm promised by the replay",
    "harm realised: the gateway's account",
    "harm realised: what clients saw",
    "alerts received 5 of 5 kinds told",
)
REAL = ROOT.parent / "shared/data/requests/apache_access/access.log"


def demo(*arguments: str, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab.main", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def test_a_log_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    done = demo("--once", "--log", str(tmp_path / "none.log"))
    assert done.returncode == 2
    assert (
        done.stderr == f"tidegate demo: {tmp_path}/none.log is no file that can be read; give an access log\n"
    )


def test_a_log_without_requests_is_told_with_its_first_lines(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text("hello\nworld\n")
    done = demo("--once", "--log", str(path))
    assert done.returncode == 2
    assert "none of its 2 lines is a request that can be replayed" in done.stderr


def test_a_directory_that_is_in_use_is_told_with_its_owner(tmp_path: Path) -> None:
    with contextlib.closing(claim(tmp_path)):
        done = demo("--once", "--data", str(tmp_path))
    assert done.returncode == 2
    assert "is in use by process" in done.stderr
    assert "--data" in done.stderr
    assert "starting" not in done.stdout  # refused before anything is begun


def test_a_stop_while_starting_leaves_nothing_behind(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "lab.main", "--once", "--verbose", "--data", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "ready on" in line:
            process.send_signal(signal.SIGTERM)
            break
    said.append(process.stdout.read())
    process.stdout.close()
    assert process.wait(60) == 2
    assert f"stopped before the end; the data stay in {tmp_path} until the next demo there" in "".join(said)
    claim(tmp_path).close()  # nobody holds it any more


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_the_demo_meets_its_targets_for_a_random_seed() -> None:
    done = demo("--once", timeout_s=180.0)
    assert done.returncode == 0, done.stdout + done.stderr
    took = re.search(r"Seed \d+, (\d+) s from start to table", done.stdout)
    assert took
    assert int(took[1]) <= 150
    said = re.sub(r"[\s│]+", " ", done.stdout)
    assert re.search(r"recommended: Deny \d+ addresses on login", said)
    assert re.search(r"operator: harm: \d+ of [\d,]+ legitimate identities, at most", said)
    assert "operator: approves it in mode enforce" in said
    assert re.search(r"alert firing: credential-stuffing on login \(critical\)", said)
    assert "alert resolved: client-burst" in said
    for row in ROWS:
        assert f" {row}" in said


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_a_real_log_is_replayed_to_its_last_line() -> None:
    if not REAL.exists():
        pytest.skip(f"{REAL} is not here: the shared evaluation data is not part of the repository")
    done = demo("--once", "--log", str(REAL), timeout_s=180.0)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4525 = 4525 replayed + 0 not readable" in done.stdout
    assert "4525 sent, 4525 offered = 4525 stored" in re.sub(r"\s+", " ", done.stdout)


@pytest.mark.slow
def test_a_replay_that_stays_up_says_that_it_stopped_and_where_the_data_are(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text('10.0.0.1 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 12 "-" "x"\n')
    process = subprocess.Popen(
        [sys.executable, "-m", "lab.main", "--log", str(path), "--data", str(tmp_path / "data")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "Ctrl-C ends the demo" in line:
            process.send_signal(signal.SIGINT)
            break
    said = process.stdout.read()
    process.stdout.close()
    assert process.wait(60) == 0
    assert said.splitlines() == [
        "stopping",
        f"stopped; the data stay in {tmp_path}/data until the next demo there",
    ]


@pytest.mark.slow
def test_a_log_with_every_kind_of_line_is_accounted_for(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    form = '10.0.0.{n} - - [17/May/2015:10:05:0{n} +0000] "{request}" {status} {size} "-" "x"'
    kinds = [
        ("GET /a HTTP/1.1", 200, 12),
        ("HEAD /a/b HTTP/1.1", 200, 999),
        ("GET /missing HTTP/1.0", 404, 7),
        ("POST /form HTTP/1.1", 302, 0),
        ("GET /cached HTTP/1.1", 304, "-"),
        ("PROPFIND /dav HTTP/1.1", 405, 3),
        (r"\x16\x03\x01", 400, 226),
        ("GET /big HTTP/1.1", 200, 3_000_000),
    ]
    lines = [
        form.format(n=n, request=what, status=status, size=size)
        for n, (what, status, size) in enumerate(kinds)
    ]
    path.write_text("\n".join([*lines, "nonsense", lines[0]]) + "\n")
    done = demo("--once", "--log", str(path), timeout_s=100.0)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "line 7 is not replayed: the client sent no request" in done.stdout
    assert "line 9 is not replayed: not in the common or combined log format" in done.stdout
    assert "10 = 8 replayed + 2 not readable" in done.stdout
    assert "nonsense\n\n" not in done.stdout  # the line end is not told with the line
    assert "starting site, warehouse, control, analytics, proxy" in done.stdout
    assert "; the first request is sent in " in done.stdout
