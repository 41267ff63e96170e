"""The hosted gateway: lifespan, settings from the environment, and what it is without them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from proxy.asgi import Hosted, create
from tests.proxy.around import POLICY


class Lifespan:
    """A server's lifespan conversation with an app."""

    def __init__(self, hosted: Hosted) -> None:
        self.told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.task = asyncio.create_task(hosted({"type": "lifespan"}, self.told.get, self.answered))

    async def answered(self, message: Any) -> None:
        self.answers.put_nowait(message)

    async def tell(self, kind: str) -> dict[str, Any]:
        self.told.put_nowait({"type": f"lifespan.{kind}"})
        return await asyncio.wait_for(self.answers.get(), 10.0)


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (path := tmp_path / "policy.yaml").write_text(POLICY)
    monkeypatch.setenv("TIDEGATE_POLICY", str(path))
    monkeypatch.setenv("TIDEGATE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TIDEGATE_MANAGE", f"unix:{tmp_path / 'manage.sock'}")
    monkeypatch.delenv("TIDEGATE_CONTROL", raising=False)
    return path


async def asked(hosted: Hosted, kind: str = "http") -> list[Any]:
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    scope = {
        "type": kind,
        "http_version": "1.1",
        "method": "GET",
        "raw_path": b"/nowhere",
        "path": "/nowhere",
        "query_string": b"",
        "headers": [(b"host", b"edge")],
    }
    await hosted(scope, receive, send)
    return messages


async def test_it_serves_from_startup_to_shutdown(environment: Path) -> None:
    hosted = create()
    assert isinstance(hosted, Hosted)
    assert (await asked(hosted))[0]["status"] == 503
    lifespan = Lifespan(hosted)
    assert (await lifespan.tell("startup"))["type"] == "lifespan.startup.complete"
    assert (await asked(hosted))[0]["status"] == 404
    assert (await asked(hosted, "websocket"))[0]["type"] == "websocket.close"
    assert (await lifespan.tell("shutdown"))["type"] == "lifespan.shutdown.complete"
    assert (await asked(hosted))[0]["status"] == 503
    await lifespan.task


async def test_a_policy_that_cannot_be_used_fails_the_startup_with_every_problem(environment: Path) -> None:
    environment.write_text("colour: blue\n")  # noqa: ASYNC240  # nothing else runs in this loop
    answer = await Lifespan(Hosted()).tell("startup")
    assert answer["type"] == "lifespan.startup.failed"
    assert "colour" in answer["message"]


async def test_settings_that_cannot_be_used_fail_the_startup(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEGATE_CONTROL", "http://127.0.0.1:1")
    answer = await Lifespan(Hosted()).tell("startup")
    assert "TIDEGATE_POLICY and TIDEGATE_CONTROL" in answer["message"]
