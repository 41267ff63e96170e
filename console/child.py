"""One child process: started by exec, its output handed on by line, ready when it says so."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence

READY = re.compile(r"^tidegate-\S+ ready(?: on (?P<url>\S+))?")
LAST_LINES = 5  # of its output, told when it fails
OUTPUT_ENDS_WITHIN_S = 2.0
LINE_BYTES = 1 << 20  # longer lines are split, not refused

Heard = Callable[[str, str], None]  # (part, line)


class PartFailed(Exception):
    """A part ended, or did not become ready; the message says which, how, and its last words."""


class Child:
    """A process in a session of its own: Ctrl-C reaches only its supervisor, which stops it in order."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, heard: Heard) -> None:
        self.name = name
        self.pid = process.pid
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._process = process
        self._heard = heard
        self._is_ready = asyncio.Event()
        self._pumps = [
            asyncio.create_task(self._pump(stream), name=f"{name}: output")
            for stream in (process.stdout, process.stderr)
            if stream is not None
        ]

    async def _pump(self, stream: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await stream.readline()
            except ValueError:  # over the limit: the reader has dropped it
                continue
            if not line:
                return
            text = line.decode("utf-8", "replace").rstrip()
            self.last_lines.append(text)
            self._heard(self.name, text)
            if READY.match(text):
                self._is_ready.set()

    async def become_ready(self, within_s: float) -> None:
        """Wait for the ready line. Raises PartFailed when it ends first or takes longer."""
        ready = asyncio.create_task(self._is_ready.wait(), name=f"{self.name}: ready")
        ended = asyncio.create_task(self.ended(), name=f"{self.name}: ended")
        try:
            await asyncio.wait({ready, ended}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
            ended.cancel()
        if self._is_ready.is_set():
            return
        how = f"was not ready within {within_s:g} s" if self.exit_code is None else self.how_it_ended()
        raise PartFailed(f"{self.name} {how}{self.last_words()}")

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._process.returncode

    def how_it_ended(self) -> str:
        """`ended with exit code 2`, `was killed by SIGKILL`."""
        code = self.exit_code
        if code is None:
            return "is running"
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def last_words(self) -> str:
        """The end of its output, to be put after a message."""
        lines = [line for line in self.last_lines if line]
        return ": " + " / ".join(lines) if lines else ""

    async def ended(self) -> int:
        """Wait until it has ended and its output was handed on; its exit code."""
        code = await self._process.wait()
        # Bounded: a grandchild that outlives its parent would hold the pipes open.
        await asyncio.wait(self._pumps, timeout=OUTPUT_ENDS_WITHIN_S)
        return code

    async def stop(self, within_s: float) -> bool:
        """SIGTERM, then SIGKILL after `within_s`; True where it ended by itself."""
        if self.exit_code is not None:
            return True
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self.ended(), within_s)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self.ended()
            return False
        return True


async def launch(
    name: str, arguments: Sequence[str], *, environment: Mapping[str, str], heard: Heard
) -> Child:
    """Start `python ARGUMENTS…` (exec, never a bare fork), stopped by the kernel when we die."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "console.tether",
        str(os.getpid()),
        sys.executable,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**environment, "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
        limit=LINE_BYTES,
    )
    return Child(name, process, heard)
