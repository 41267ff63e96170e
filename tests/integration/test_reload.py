"""Policies that change while traffic flows."""

import signal
import socket
from pathlib import Path

from kernel.compile import revision_of
from tests.integration.proxies import (
    Proxy,
    Upstream,
    eventually,
    load,
    policy_text,
    proxy,
    statuses,
)


def in_force(running: Proxy, revision: str) -> None:
    eventually(lambda: running.readiness().json()["revision"] == revision, f"revision {revision}")


def test_no_request_is_dropped_during_a_hundred_reloads(tmp_path: Path, policy: Path) -> None:
    text = policy.read_text()
    with proxy(tmp_path, "--policy", str(policy)) as running, load(running.ready()) as traffic:
        for number in range(100):
            changed = f"{text}# {number}\n"
            policy.write_text(changed)
            running.send(signal.SIGHUP)
            in_force(running, revision_of(changed))
        eventually(lambda: traffic.answered > 500, "traffic")
        assert traffic.failures == []
        assert (running.metric('tidegate_policy_applied_total{worker="edge"}') or 0) >= 101


def test_a_changed_file_is_taken_without_a_signal(tmp_path: Path, policy: Path) -> None:
    changed = policy.read_text() + "# changed\n"
    with proxy(tmp_path, "--policy", str(policy)) as running:
        running.ready()
        policy.write_text(changed)
        in_force(running, revision_of(changed))


def test_a_broken_policy_is_refused_with_reasons_and_the_old_one_stays(tmp_path: Path, policy: Path) -> None:
    good = policy.read_text()
    with proxy(tmp_path, "--policy", str(policy)) as running, load(running.ready()) as traffic:
        policy.write_text(good.replace("upstream: up", "upstream: down") + "colour: blue\n")
        refused = eventually(lambda: running.told("/policy").json()[0]["refused"], "the refusal")
        assert len([each for each in refused["problems"] if "warning" not in each]) == 2
        assert all(problem in running.said() for problem in refused["problems"])
        assert running.readiness().json()["revision"] == revision_of(good)
        assert traffic.failures == []


def test_a_start_with_a_broken_policy_ends_with_2_and_every_problem(tmp_path: Path, policy: Path) -> None:
    policy.write_text(policy.read_text().replace("upstream: up", "upstream: down") + "colour: blue\n")
    with proxy(tmp_path, "--policy", str(policy)) as running:
        assert running.ended() == 2
        assert f"{policy}:4" in running.said()
        assert "colour" in running.said()


def test_a_missing_policy_is_told(tmp_path: Path) -> None:
    with proxy(tmp_path, "--policy", str(tmp_path / "none.yaml")) as running:
        assert running.ended() == 2
        assert "cannot read the policy: No such file" in running.said()


def test_a_taken_port_is_told(tmp_path: Path, policy: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        with proxy(tmp_path, "--policy", str(policy), "--listen", where) as running:
            assert running.ended() == 2
            assert f"cannot listen on {where}" in running.said()


def test_one_address_for_clients_and_management_is_told(tmp_path: Path, policy: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        where = f"127.0.0.1:{free.getsockname()[1]}"
    with proxy(tmp_path, "--policy", str(policy), "--listen", where, "--manage", where) as running:
        assert running.ended() == 2
        assert f"--listen and --manage are both {where}" in running.said()


def test_one_source_must_be_named(tmp_path: Path, policy: Path) -> None:
    with proxy(tmp_path) as running:
        assert running.ended() == 2
        assert "--policy FILE and --control URL" in running.said()


def test_limiter_state_survives_a_reload(tmp_path: Path, behind: Upstream) -> None:
    text = policy_text(behind.port, limits="limits:\n  - {name: few, rate: 1/h, burst: 3}\n")
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with proxy(tmp_path, "--policy", str(path)) as running:
        url = running.ready()
        assert statuses(url, 3) == [200, 200, 200]
        path.write_text(text + "# changed\n")
        in_force(running, revision_of(text + "# changed\n"))
        assert statuses(url, 1) == [429]
