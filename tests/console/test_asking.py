"""Asking an endpoint: every failure is one clear message."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.asking import Asker, NoAnswer
from kernel.control import LoopAnswer, SetLoop, Status
from tests.console.policies import ADAPTIVE, Clock
from tests.console.serving import TOKEN, Served, served


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    directory: Path = tmp_path_factory.mktemp("control")
    (directory / "policy.yaml").write_text(ADAPTIVE)
    with served(directory, directory / "policy.yaml", Clock()) as endpoint:
        yield endpoint


def test_answers_are_typed(control: Served) -> None:
    asker = Asker("control", control.url, TOKEN)
    assert asker.get("/v1/status", Status, tenant="default").tenant == "default"
    assert asker.put("/v1/loop", SetLoop("default", True, "why"), LoopAnswer).paused


def test_a_wrong_token_is_told(control: Served) -> None:
    with pytest.raises(NoAnswer, match="does not take our token"):
        Asker("control", control.url, "wrong").get("/v1/status", Status)


def test_a_refusal_is_told_with_its_detail(control: Served) -> None:
    with pytest.raises(NoAnswer, match="answered 404: this control endpoint serves tenant 'default'"):
        Asker("control", control.url, TOKEN).get("/v1/status", Status, tenant="other")


def test_an_answer_of_another_kind_is_told(control: Served) -> None:
    with pytest.raises(NoAnswer, match="does not understand"):
        Asker("control", control.url, TOKEN).get("/v1/loop", Status)


def test_silence_is_told_with_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(NoAnswer, match=f"control at http://127.0.0.1:{port} does not answer"):
        Asker("control", f"http://127.0.0.1:{port}", "").get("/v1/status", Status)


def test_no_url_at_all_is_told() -> None:
    with pytest.raises(NoAnswer, match="does not answer"):
        Asker("control", "", "").get("/v1/status", Status)
