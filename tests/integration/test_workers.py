"""Several workers: one address, one management endpoint, restarts, losses booked."""

import os
import signal
from pathlib import Path

from tests.integration.proxies import (
    Proxy,
    eventually,
    load,
    proxy,
    statuses,
)


def children_of(running: Proxy) -> dict[str, int]:
    """Worker name -> process id, from the process table."""
    found = {}
    for path in Path("/proc").iterdir():
        if not path.name.isdigit():
            continue
        try:
            words = (path / "cmdline").read_text().split("\0")
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        if parent == running.process.pid and "--worker" in words:
            found[f"edge-{words[words.index('--worker') + 1]}"] = int(path.name)
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def answered_by(running: Proxy, worker: str) -> float:
    return running.metric(f'tidegate_requests_total{{outcome="completed",worker="{worker}"}}') or 0.0


def test_workers_share_an_address_and_what_they_tell_is_joined(tmp_path: Path, policy: Path) -> None:
    with proxy(tmp_path, "--policy", str(policy), "--workers", "2") as running:
        url = running.ready()
        asked = 0
        while not (answered_by(running, "edge-0") and answered_by(running, "edge-1")):
            statuses(url, 10)
            asked += 10
            assert asked < 500
        assert answered_by(running, "edge-0") + answered_by(running, "edge-1") == asked
        assert running.readiness().json()["workers"] == 2
        assert [each["worker"] for each in running.told("/policy").json()] == ["edge-0", "edge-1"]
        assert "at most burst + 1 + rate*t" in running.said()
        running.send(signal.SIGTERM)
        assert running.ended() == 0


def test_a_crashed_worker_is_restarted_and_its_events_are_booked(tmp_path: Path, policy: Path) -> None:
    away = "http://127.0.0.1:9"
    options = ("--policy", str(policy), "--workers", "2", "--warehouse", away)
    with proxy(tmp_path, *options) as running, load(running.ready(), connections=4) as traffic:
        eventually(lambda: traffic.answered > 100, "traffic")
        killed = children_of(running)["edge-1"]
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: children_of(running).get("edge-1", killed) != killed, "a new process")
        eventually(lambda: running.readiness().json()["workers"] == 2, "both are ready again")
        assert "worker edge-1 ended with -9" in running.said()
        before = traffic.answered
        eventually(lambda: traffic.answered > before + 100, "traffic goes on")
        assert not [each for each in traffic.failures if each.startswith("HTTP/")]


def test_a_restarted_worker_starts_with_the_last_good_policy(tmp_path: Path, policy: Path) -> None:
    with proxy(tmp_path, "--policy", str(policy), "--workers", "2") as running:
        url = running.ready()
        policy.write_text("colour: blue\n")
        eventually(lambda: all(each["refused"] for each in running.told("/policy").json()), "both refuse it")
        os.kill(children_of(running)["edge-0"], signal.SIGKILL)
        eventually(lambda: running.readiness().json()["workers"] < 2, "one is gone")
        eventually(lambda: running.readiness().json()["workers"] == 2, "both are ready again")
        assert set(statuses(url, 10)) == {200}


def test_workers_end_with_their_supervisor_however_that_ends(tmp_path: Path, policy: Path) -> None:
    with proxy(tmp_path, "--policy", str(policy), "--workers", "2") as running:
        running.ready()
        pids = children_of(running).values()
        assert len(pids) == 2
        running.send(signal.SIGKILL)
        running.ended()
        eventually(lambda: not any(alive(pid) for pid in pids), "no orphan is left")
    assert (tmp_path / "data" / "sockets").is_dir()  # left there, not in /tmp, for the next start:
    with proxy(tmp_path, "--policy", str(policy), "--workers", "2") as running:
        running.ready()
        running.send(signal.SIGTERM)
        assert running.ended() == 0
    assert not (tmp_path / "data" / "sockets").exists()


def test_a_policy_that_cannot_be_used_ends_all_with_2(tmp_path: Path, policy: Path) -> None:
    policy.write_text("colour: blue\n")
    with proxy(tmp_path, "--policy", str(policy), "--workers", "2") as running:
        assert running.ended() == 2
        assert "colour" in running.said()
        assert "ready" not in running.said()


def test_a_reload_reaches_every_worker(tmp_path: Path, policy: Path) -> None:
    with proxy(tmp_path, "--policy", str(policy), "--workers", "2") as running:
        running.ready()
        before = running.readiness().json()["revision"]
        policy.write_text(policy.read_text() + "# changed\n")
        running.send(signal.SIGHUP)

        def changed() -> bool:
            revision = running.readiness().json()["revision"]
            return revision != before and "," not in revision

        eventually(changed, "one new revision")
