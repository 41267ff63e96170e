"""One conversation: back-pressure, and fields as ASGI wants them."""

import asyncio
from typing import Any

from proxy.conversation import to_fields
from tests.proxy.asgi_calls import Scripted, calling, outcomes
from tests.proxy.test_adapter import POLICY

LARGE = 8_000_000


def test_header_lines_become_pairs() -> None:
    assert to_fields(b"via: 1.1 a\r\nx: b: c\r\n") == [(b"via", b"1.1 a"), (b"x", b"b: c")]
    assert to_fields(b"") == []


async def test_a_slow_server_holds_up_the_upstream_instead_of_filling_the_memory() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE + b"x" * LARGE
    taken = asyncio.Semaphore(0)
    sizes: list[int] = []

    async def send(message: Any) -> None:
        sizes.append(len(message.get("body", b"")))
        await taken.acquire()

    patient = POLICY.replace("idle_ms: 200", "idle_ms: 60000")
    async with calling(answer, policy=patient) as caller:
        asking = asyncio.create_task(caller.call("GET", b"/orders/1", ([], ()), send))
        held = 0
        while not asking.done():
            await asyncio.sleep(0)
            held = max(held, *(each.pending for each in caller.adapter.conversations), 0)
            taken.release()
        await asking
        assert sum(sizes) == LARGE
        assert held < 1_000_000
        assert outcomes(caller) == ["completed"]


async def test_an_upstream_that_does_not_read_holds_up_the_body() -> None:
    mute = Scripted()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mute.writers.append(writer)
        await asyncio.Event().wait()

    deaf = await asyncio.start_server(converse, "127.0.0.1", 0, limit=1_024)
    port = deaf.sockets[0].getsockname()[1]
    policy = POLICY.replace("{port}", str(port)).replace("max_body_bytes: 100", "max_body_bytes: 100000000")
    async with calling(policy=policy) as caller:
        pieces = [b"x" * 65_536] * 400
        length = b"%d" % (65_536 * len(pieces))
        response = await caller.ask("PUT", fields=[(b"content-length", length)], body=pieces)
        assert (response.status, outcomes(caller)) == (504, ["first_byte_timeout"])
        assert caller.pieces_taken < 200
    deaf.close()
    await mute.close()
