"""Streams over real HTTP: what they send, when, and how they end."""

import doctest
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from console.web import streams
from tests.console.policies import Clock
from tests.console.serving import PATIENCE_S, TOKEN, Served, served
from tests.console.web_serving import browsing


@pytest.fixture
def reader(control: Served) -> Iterator[httpx2.Client]:
    """Somebody who is signed in."""
    with httpx2.Client(base_url=control.url, timeout=PATIENCE_S, trust_env=False) as client:
        assert client.post("/login", data={"token": TOKEN}).status_code == 303
        yield client


def events(answer: httpx2.Response) -> Iterator[list[str]]:
    """Each event's lines."""
    lines: list[str] = []
    for line in answer.iter_lines():
        if line:
            lines.append(line)
        else:
            yield lines
            lines = []


def test_a_stream_sends_the_part_at_once_and_again_when_control_changes(
    control: Served, reader: httpx2.Client
) -> None:
    with reader.stream("GET", "/live/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        sent = events(answer)
        first = next(sent)
        assert all(line.startswith("data: ") for line in first)
        assert "data: <h1>What is going on" in "\n".join(first)
        began = time.monotonic()
        control.call.put("/v1/loop", json={"tenant": "default", "paused": True, "reason": "a sale"})
        while not any("Automation is paused" in line for line in next(sent)):
            assert time.monotonic() - began < PATIENCE_S


def test_a_stream_ends_with_its_session(control: Served, reader: httpx2.Client) -> None:
    page = reader.get("/policy").text
    csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
    with reader.stream("GET", "/live/events") as answer:
        sent = events(answer)
        next(sent)
        assert httpx2.post(
            f"{control.url}/logout", data={"csrf": csrf}, cookies=reader.cookies, trust_env=False
        ).is_redirect
        rest = list(sent)
    assert rest[-1] == ["event: signed-out", "data: sign in again"]


def test_a_stream_does_not_keep_the_console_from_ending(tmp_path: Path, policy: Path, clock: Clock) -> None:
    with httpx2.Client(timeout=PATIENCE_S, trust_env=False) as client:
        with served(tmp_path, policy, clock) as endpoint:
            assert client.post(f"{endpoint.url}/login", data={"token": TOKEN}).status_code == 303
            answer = client.send(client.build_request("GET", f"{endpoint.url}/live/events"), stream=True)
            sent = events(answer)
            next(sent)
        rest = list(sent)  # it ended, and so has the console
        assert all(line.startswith("data: ") for lines in rest for line in lines)
        answer.close()


async def test_without_a_session_or_a_recommendation_there_is_no_stream(policy: Path, clock: Clock) -> None:
    async with browsing(policy, "", clock) as browser:
        assert (await browser.get("/live/events")).status_code == 303
        told = await browser.get("/live/events", **{"HX-Request": "true"})
        assert (told.status_code, told.headers["hx-redirect"]) == (204, "/login")
        await browser.sign_in()
        assert (await browser.get("/recommendations/none/effect/events")).status_code == 404


def test_the_examples_hold() -> None:
    assert doctest.testmod(streams).failed == 0
