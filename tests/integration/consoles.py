"""A real console process with a token for each role, for the integration tests."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from kernel.control import AskLease, PutRecommendations
from kernel.recommendations import Recommendation
from tests.integration.proxies import DEADLINE_S, ROOT, eventually
from warehouse.environment import without_secrets

OPERATOR, ANALYTICS, PROXY = "of-operator", "of-analytics", "of-proxy"
TOKENS = {
    "TIDEGATE_CONTROL_TOKEN": OPERATOR,
    "TIDEGATE_ANALYTICS_TOKEN": ANALYTICS,
    "TIDEGATE_PROXY_TOKEN": PROXY,
}
READY = re.compile(r"^tidegate-console ready on http://\S+:(\d+)$", re.MULTILINE)


class Console:
    """The process; `start` again after `kill` finds the same store on the same port."""

    def __init__(self, policy: Path, directory: Path) -> None:
        self.policy = policy
        self.directory = directory
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.client = httpx2.Client(timeout=DEADLINE_S, trust_env=False)

    def start(self) -> None:
        log = self.directory / f"console-{time.monotonic_ns()}"
        words = ["console", "--policy", str(self.policy), "--listen", f"127.0.0.1:{self.port}"]
        with log.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "console.main", *words, "--data", str(self.directory / "control")],
                stderr=said,
                env={**without_secrets(os.environ), **TOKENS},
                cwd=ROOT,
            )
        found = eventually(lambda: READY.search(log.read_text()) or self.ended(), "the console's ready line")
        assert isinstance(found, re.Match), log.read_text()
        self.port = int(found[1])

    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """As a crash: no goodbye to who waits in a long poll."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(DEADLINE_S)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE_S)
        self.client.close()

    def ask(self, method: str, path: str, body: Any = None, *, token: str = OPERATOR) -> Any:
        """A call that must be answered well; a write of the policy is made on the revision in force."""
        headers = {"Authorization": f"Bearer {token}"}
        if method in ("PUT", "POST"):
            headers["If-Match"] = f'"{self.status()["revision"]}"' if token == OPERATOR else '""'
        content = None if body is None else msgspec.json.encode(body)
        answer = self.client.request(method, self.url + path, headers=headers, content=content)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def status(self) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {OPERATOR}"}
        told: dict[str, Any] = self.client.get(self.url + "/v1/status", headers=headers).json()
        return told

    def propose(self, recommendation: Recommendation) -> None:
        """As analytics does it."""
        self.ask("POST", "/v1/lease", AskLease("default", "a-1", 60.0), token=ANALYTICS)
        body = PutRecommendations("default", "a-1", (recommendation,))
        self.ask("PUT", "/v1/recommendations", body, token=ANALYTICS)


@contextlib.contextmanager
def console(policy: Path, directory: Path) -> Iterator[Console]:
    running = Console(policy, directory)
    try:
        running.start()
        yield running
    finally:
        running.close()
