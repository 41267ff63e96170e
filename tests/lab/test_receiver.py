"""lab.receiver: what is signed with the secret, and lately, is taken; the rest is refused and counted."""

import asyncio
from http import HTTPStatus

import msgspec
import pytest

from analytics import alerting
from analytics.sinks import SIGNATURE, signature
from lab.receiver import MOST_BYTES, STALE_AFTER_S, Alert, Received, Receiver, is_valid, receiving

SECRET = b"5ecret"
NOW = 1.8e9
ALERT = Alert(
    id="0a-1",
    name="client-burst",
    labels={"route": "products"},
    state="firing",
    severity="critical",
    summary="somebody sends too much",
    starts_at=NOW - 2.0,
    ends_at=0.0,
    page="http://127.0.0.1:8090/findings/f1",
)
BODY = msgspec.json.encode(ALERT)


def receiver() -> tuple[Receiver, list[Received]]:
    heard: list[Received] = []
    return Receiver(SECRET, lambda: NOW, heard.append), heard


def test_what_analytics_signs_is_valid() -> None:
    assert is_valid(SECRET, signature(SECRET, BODY, int(NOW)), BODY, NOW)


def test_what_analytics_sends_is_read() -> None:
    known = {field.name for field in msgspec.structs.fields(alerting.Alert)}
    assert set(Alert.__struct_fields__) <= known


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "t=1,v1=",
        f"v1={'0' * 64},t=1800000000",
        f"t=-1,v1={'0' * 64}",
        f"t={'9' * 400},v1={'0' * 64}",
        signature(b"another", BODY, int(NOW)),
        signature(SECRET, BODY + b" ", int(NOW)),
        signature(SECRET, BODY, int(NOW - STALE_AFTER_S - 1)),
        signature(SECRET, BODY, int(NOW + STALE_AFTER_S + 1)),
    ],
)
def test_a_signature_that_is_missing_wrong_or_stale_is_refused_and_counted(sent: str) -> None:
    one, heard = receiver()
    assert one.take(sent, BODY) == HTTPStatus.UNAUTHORIZED
    assert (one.received, one.refused, heard) == ([], 1, [])


def test_a_signature_holds_for_its_own_time_alone() -> None:
    made = signature(SECRET, BODY, int(NOW)).partition(",")[2]
    assert not is_valid(SECRET, f"t={int(NOW) + 1},{made}", BODY, NOW)


def test_a_signed_alert_is_taken_with_the_time_of_its_arrival_and_told() -> None:
    one, heard = receiver()
    assert one.take(signature(SECRET, BODY, int(NOW)), BODY) == HTTPStatus.NO_CONTENT
    assert one.received == heard == [Received(ALERT, NOW)]
    assert heard[0].alert.name == "client-burst"


def test_a_signed_body_that_is_no_alert_is_a_bad_request_and_no_bad_signature() -> None:
    one, heard = receiver()
    assert one.take(signature(SECRET, b"{}", int(NOW)), b"{}") == HTTPStatus.BAD_REQUEST
    assert (one.refused, heard) == (0, [])


def request(method: str = "POST", signed: str = "", body: bytes = BODY) -> bytes:
    head = f"{method} /alerts HTTP/1.1\r\nHost: x\r\n{SIGNATURE}: {signed}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


async def answers_to(sent: bytes, one: Receiver) -> list[int]:
    """Statuses of what comes back on one connection until it is closed."""
    async with receiving(one) as url:
        port = int(url.rpartition(":")[2].partition("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        writer.write_eof()
        got = (await reader.read()).decode()
        writer.close()
        await writer.wait_closed()
    return [int(part[:3]) for part in got.split("HTTP/1.1 ")[1:]]


async def test_alerts_are_taken_one_after_the_other_over_one_connection() -> None:
    one, heard = receiver()
    good = request(signed=signature(SECRET, BODY, int(NOW)))
    assert await answers_to(good + request(signed="t=1,v1=0") + good, one) == [204, 401, 204]
    assert (len(heard), one.refused) == (2, 1)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request("GET", body=b""), 405),
        (b"nonsense\r\n\r\n", 400),
        (request(body=b"x" * (MOST_BYTES + 1)), 413),
    ],
)
async def test_what_is_no_post_of_an_alert_is_refused_and_the_connection_ends(
    sent: bytes, status: int
) -> None:
    one, heard = receiver()
    assert await answers_to(sent, one) == [status]
    assert heard == []
