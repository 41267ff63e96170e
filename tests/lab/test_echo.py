"""lab.echo: the upstream of a replay answers the logged status and size."""

import random

import pytest

from lab.echo import Echo
from lab.wire import Answer, connect
from tests.lab.serving import serving_protocol


@pytest.mark.parametrize(
    ("method", "told", "answer"),
    [
        ("GET", "200 5000", Answer(200, 5000)),
        ("GET", "200 3000000", Answer(200, 3_000_000)),
        ("GET", "404 0", Answer(404, 0)),
        ("GET", "304 999", Answer(304, 0)),
        ("HEAD", "200 5000", Answer(200, 0)),
        ("POST", "201 7", Answer(201, 7)),
    ],
)
async def test_the_status_and_size_that_the_request_names_are_answered(
    method: str, told: str, answer: Answer
) -> None:
    async with serving_protocol(lambda: Echo(random.Random(1))) as place:
        wire = await connect(*place)
        head = f"{method} / HTTP/1.1\r\nHost: a\r\nX-Answer: {told}\r\nContent-Length: 0\r\n\r\n"
        first = await wire.exchange(head.encode(), 10.0)
        second = await wire.exchange(head.encode(), 10.0)  # the connection is kept
        wire.close()
    assert (first, second) == (answer, answer)
