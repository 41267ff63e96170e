"""A webhook receiver as somebody might write one: takes an alert only with a valid signature of now.

`Tidegate-Signature: t=SECONDS,v1=HEX` holds HMAC-SHA256 over `SECONDS.BODY` with the shared secret.
Answers: 204 taken; 401 the signature is missing, wrong or stale; 400 no alert; 413 too large; 405 no POST.
"""

import asyncio
import contextlib
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Literal, cast

import httptools
import msgspec

SIGNATURE = b"tidegate-signature"
FORM = re.compile(r"t=(?P<at>[0-9]{1,12}),v1=(?P<digest>[0-9a-f]{64})")
STALE_AFTER_S = 60.0  # either way: a recorded request is of no use after that
MOST_BYTES = 1 << 20


class Alert(msgspec.Struct, frozen=True):
    """What the receiver reads of an alert; times are seconds since 1970, `ends_at` is 0 while it fires."""

    id: str
    name: str  # kind of the findings, or name of the condition
    labels: dict[str, str]
    state: Literal["firing", "resolved"]
    severity: str
    summary: str
    starts_at: float
    ends_at: float
    page: str = ""  # of the finding, in the console
    raised: int = 0  # how often its severity has risen


class Received(msgspec.Struct, frozen=True):
    """An alert, and when it came (seconds since 1970)."""

    alert: Alert
    at: float


class Receiver:
    """Judges what is posted. `received` grows in the order of arrival; `refused` counts bad signatures."""

    def __init__(self, secret: bytes, clock: Callable[[], float], heard: Callable[[Received], None]) -> None:
        self.received: list[Received] = []
        self.refused = 0
        self._secret = secret
        self._clock = clock
        self._heard = heard

    def take(self, signature: str, body: bytes) -> HTTPStatus:
        """Judge one request and remember its alert."""
        now = self._clock()
        if not is_valid(self._secret, signature, body, now):
            self.refused += 1
            return HTTPStatus.UNAUTHORIZED
        try:
            alert = msgspec.json.decode(body, type=Alert)
        except msgspec.DecodeError:
            return HTTPStatus.BAD_REQUEST
        self.received.append(Received(alert, now))
        self._heard(self.received[-1])
        return HTTPStatus.NO_CONTENT


def is_valid(secret: bytes, signature: str, body: bytes, now: float) -> bool:
    """Whether the header's value signs this body, and not long ago. Takes the same time for each digest."""
    found = FORM.fullmatch(signature)
    if found is None:
        return False
    wanted = hmac.new(secret, found["at"].encode() + b"." + body, hashlib.sha256).hexdigest()
    is_ours = hmac.compare_digest(wanted, found["digest"])
    return is_ours and abs(now - int(found["at"])) <= STALE_AFTER_S


class Desk(asyncio.Protocol):
    """One connection of a sender: HTTP/1.1, one request after the other."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._signature = ""
        self._body = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by class

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._answer(HTTPStatus.BAD_REQUEST, keep=False)

    def on_message_begin(self) -> None:
        """httptools: a request begins."""
        self._signature = ""
        self._body.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        """httptools: one field of the head."""
        if name.lower() == SIGNATURE:
            self._signature = value.decode("latin-1")

    def on_body(self, part: bytes) -> None:
        """httptools: a part of the body."""
        self._body += part
        if len(self._body) > MOST_BYTES:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, keep=False)

    def on_message_complete(self) -> None:
        """httptools: the request is whole."""
        if self._transport is None or self._transport.is_closing():
            return  # it was too large
        if self._parser.get_method() != b"POST":
            self._answer(HTTPStatus.METHOD_NOT_ALLOWED, keep=False)
            return
        status = self._receiver.take(self._signature, bytes(self._body))
        self._answer(status, keep=self._parser.should_keep_alive())

    def _answer(self, status: HTTPStatus, *, keep: bool) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        length = b"" if status == HTTPStatus.NO_CONTENT else b"Content-Length: 0\r\n"
        end = b"\r\n" if keep else b"Connection: close\r\n\r\n"
        self._transport.write(f"HTTP/1.1 {status} {status.phrase}\r\n".encode() + length + end)
        if not keep:
            self._transport.close()


@contextlib.asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[str]:
    """Serve on a free port of loopback; the URL to post to. Raises OSError."""
    server = await asyncio.get_running_loop().create_server(lambda: Desk(receiver), "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/alerts"
    finally:
        server.close()
