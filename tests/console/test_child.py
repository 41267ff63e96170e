"""One child process."""

import os

import pytest

from console.child import PartFailed, launch
from tests.console.parts import PATIENCE_S

READY = "print('tidegate-it ready', flush=True); "


async def test_both_outputs_are_handed_on_by_line() -> None:
    lines: list[tuple[str, str]] = []
    source = "import sys; print('out'); print('err', file=sys.stderr); sys.stdout.write('no end of line')"
    child = await launch("it", ["-c", source], environment=os.environ, heard=lambda *line: lines.append(line))
    assert await child.ended() == 0
    assert sorted(lines) == [("it", "err"), ("it", "no end of line"), ("it", "out")]


async def test_waiting_for_readiness_ends_at_the_ready_line() -> None:
    child = await launch(
        "it", ["-c", READY + "import time; time.sleep(99)"], environment=os.environ, heard=lambda *_: None
    )
    await child.become_ready(PATIENCE_S)
    assert child.exit_code is None
    assert await child.stop(PATIENCE_S)
    assert child.how_it_ended() == "was killed by SIGTERM"


async def test_an_end_before_readiness_is_a_failure_with_the_last_words() -> None:
    source = "import sys; print('one'); print('two'); sys.exit(3)"
    child = await launch("it", ["-c", source], environment=os.environ, heard=lambda *_: None)
    with pytest.raises(PartFailed, match="it ended with exit code 3: one / two"):
        await child.become_ready(PATIENCE_S)


async def test_a_line_beyond_the_buffer_does_not_end_the_listening() -> None:
    lines: list[str] = []
    source = "print('x' * 3_000_000); print('after')"
    child = await launch(
        "it", ["-c", source], environment=os.environ, heard=lambda _, line: lines.append(line)
    )
    await child.ended()
    assert lines[-1] == "after"


async def test_it_has_a_session_of_its_own_and_the_environment_that_was_given() -> None:
    lines: list[str] = []
    source = "import os; print(os.getsid(0) == os.getpid(), os.environ.get('SECRET'))"
    environment = {**os.environ, "SECRET": "s3"}
    child = await launch(
        "it", ["-c", source], environment=environment, heard=lambda _, line: lines.append(line)
    )
    await child.ended()
    assert lines == ["True s3"]
