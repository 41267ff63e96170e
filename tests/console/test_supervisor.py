"""The supervisor, over real processes."""

import os
import signal
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from console.child import PartFailed
from console.processes import read_processes
from console.supervisor import OWN_VOICE, Part, Supervisor, Url, with_free_ports
from tests.console.parts import eventually, order, script, server
from warehouse.ownership import AlreadyOwned, owner_of


class Hearing:
    """What the parts and the supervisor said."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def __call__(self, part: str, line: str) -> None:
        self.lines.append((part, line))

    def told(self, words: str) -> bool:
        return any(words in line for _, line in self.lines)


@pytest.fixture
def heard() -> Hearing:
    return Hearing()


def supervised(data: Path, heard: Hearing, *parts: Part) -> Supervisor:
    return Supervisor(data, parts, environment=os.environ, heard=heard, clock=time.time)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_parts_start_in_order_and_stop_in_reverse(tmp_path: Path, heard: Hearing) -> None:
    supervisor = supervised(tmp_path, heard, server(tmp_path, "one"), server(tmp_path, "two", Url("one")))
    await supervisor.start()
    one = supervisor.urls["one"]
    await supervisor.stop()
    assert order(tmp_path) == ["start one", "start two", "stop two", "stop one"]
    assert ("two", f"said {one}") in heard.lines


async def test_a_password_is_in_the_environment_and_the_record_but_not_on_a_command_line(
    tmp_path: Path, heard: Hearing
) -> None:
    asked = msgspec.structs.replace(server(tmp_path, "one"), users={"one": "me:s3cret"})
    tells = "import os, signal, sys; print(os.environ['ONE'], *sys.argv[1:])"
    waits = "print('tidegate-two ready'); signal.pause()"
    asks = Part(
        name="two", arguments=("-c", f"{tells}; {waits}", Url("one")), environment={"ONE": Url("one")}
    )
    supervisor = supervised(tmp_path, heard, asked, asks)
    await supervisor.start()
    assert "//me:s3cret@127.0.0.1" in supervisor.urls["one"]
    assert supervisor.urls == getattr(read_processes(tmp_path), "urls", None)
    plain = supervisor.urls["one"].replace("me:s3cret@", "")
    assert ("two", f"{supervisor.urls['one']} {plain}") in heard.lines
    await supervisor.stop()


async def test_while_it_runs_it_says_where_everything_is_and_nobody_else_may_read_that(
    tmp_path: Path, heard: Hearing
) -> None:
    supervisor = supervised(tmp_path, heard, server(tmp_path, "one"))
    await supervisor.start()
    processes = read_processes(tmp_path)
    assert processes is not None
    assert processes.urls == supervisor.urls
    assert processes.parts[0].pid == supervisor.pid_of("one")
    assert (tmp_path / "processes.json").stat().st_mode & 0o777 == 0o600
    await supervisor.stop()
    assert read_processes(tmp_path) is None


async def test_a_crashed_part_is_told_and_comes_back_on_its_port(tmp_path: Path, heard: Hearing) -> None:
    supervisor = supervised(tmp_path, heard, server(tmp_path, "one"))
    await supervisor.start()
    first, url = supervisor.pid_of("one"), urlsplit(supervisor.urls["one"])
    os.kill(first, signal.SIGKILL)
    await eventually(lambda: heard.told("one is back"))
    assert heard.told("one was killed by SIGKILL; restarting it in 0.5 s")
    processes = read_processes(tmp_path)
    assert processes is not None
    assert processes.parts[0].restarts == 1
    assert supervisor.pid_of("one") not in (0, first)
    socket.create_connection((str(url.hostname), url.port or 0), timeout=5).close()
    await supervisor.stop()


FAILS_AGAIN = """
import pathlib, signal, sys
mark = pathlib.Path(sys.argv[1])
if mark.exists():
    sys.exit("the disk is full")
mark.touch()
print("tidegate-one ready", flush=True)
signal.pause()
"""


async def test_a_part_that_keeps_crashing_is_told_plainly_with_its_last_words_once(
    tmp_path: Path, heard: Hearing
) -> None:
    part = msgspec.structs.replace(script("one", ""), arguments=("-c", FAILS_AGAIN, str(tmp_path / "mark")))
    supervisor = supervised(tmp_path, heard, part)
    await supervisor.start()
    os.kill(supervisor.pid_of("one"), signal.SIGKILL)
    again = "one ended with exit code 1 (2 times in a row): the disk is full; restarting it in 1 s"
    await eventually(lambda: heard.told(again))
    assert [line for part, line in heard.lines if part == OWN_VOICE] == [
        "one was killed by SIGKILL; restarting it in 0.5 s",
        again,
    ]
    await supervisor.stop()


async def test_a_part_comes_back_though_nothing_can_be_written(
    tmp_path: Path, heard: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    supervisor = supervised(tmp_path, heard, server(tmp_path, "one"))
    await supervisor.start()
    monkeypatch.setattr("console.supervisor.write_processes", full)
    os.kill(supervisor.pid_of("one"), signal.SIGKILL)
    await eventually(lambda: heard.told("one is back"))
    assert heard.told("No space left on device")
    await supervisor.stop()


async def test_a_part_has_no_secret_that_was_not_meant_for_it(
    tmp_path: Path, heard: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEGATE_CONTROL_TOKEN", "of-the-operator")
    monkeypatch.setenv("TIDEGATE_HASH_KEY_FILE", "/somewhere")
    source = (
        "import os, signal; print(sorted(n for n in os.environ if n.startswith('TIDEGATE_')));"
        " print('tidegate-one ready', flush=True); signal.pause()"
    )
    part = msgspec.structs.replace(script("one", source), environment={"TIDEGATE_PROXY_TOKEN": "its-own"})
    supervisor = supervised(tmp_path, heard, part)
    await supervisor.start()
    assert ("one", "['TIDEGATE_PROXY_TOKEN']") in heard.lines
    await supervisor.stop()


async def test_a_part_that_ends_before_it_is_ready_stops_the_start_with_its_last_words(
    tmp_path: Path, heard: Hearing
) -> None:
    broken = script("two", "import sys; sys.exit('port 8080 is taken')")
    supervisor = supervised(tmp_path, heard, server(tmp_path, "one"), broken)
    with pytest.raises(PartFailed, match="two ended with exit code 1: port 8080 is taken"):
        await supervisor.start()
    assert order(tmp_path) == ["start one", "stop one"]
    assert owner_of(tmp_path) is None


async def test_a_part_that_is_never_ready_is_told_and_killed(tmp_path: Path, heard: Hearing) -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(99)"
    supervisor = supervised(tmp_path, heard, script("mute", stubborn, ready_within_s=0.5))
    with pytest.raises(PartFailed, match=r"mute was not ready within 0\.5 s"):
        await supervisor.start()
    assert not is_alive(supervisor.pid_of("mute"))


async def test_a_second_supervisor_is_told_who_owns_the_directory(tmp_path: Path, heard: Hearing) -> None:
    first = supervised(tmp_path, heard, server(tmp_path, "one"))
    await first.start()
    with pytest.raises(AlreadyOwned, match=f"in use by process {os.getpid()}"):
        await supervised(tmp_path, heard, server(tmp_path, "two")).start()
    assert read_processes(tmp_path) is not None  # the loser leaves the owner's record alone
    await first.stop()


async def test_a_stale_lock_is_taken_over_with_a_message(tmp_path: Path, heard: Hearing) -> None:
    (tmp_path / "owner.lock").write_text("99999\n")
    supervisor = supervised(tmp_path, heard, server(tmp_path, "one"))
    await supervisor.start()
    assert heard.told("from process 99999, which died without a stop")
    await supervisor.stop()


def test_free_ports_are_free_and_different_and_named_ports_stay() -> None:
    listens = with_free_ports({"a": "127.0.0.1:0", "b": "127.0.0.1:0", "c": "127.0.0.1:8080", "d": "[::1]:0"})
    ports = [listen.rpartition(":")[2] for listen in listens.values()]
    assert listens["c"] == "127.0.0.1:8080"
    assert listens["d"].startswith("[::1]:")
    assert "0" not in ports
    assert listens["a"] != listens["b"]
