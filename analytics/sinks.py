"""What a sink is sent, and sending it once: Alertmanager v2, or a signed webhook.

A webhook's header `Tidegate-Signature: t=SECONDS,v1=HEX` holds HMAC-SHA256 over `SECONDS.BODY`.
"""

import asyncio
import datetime as dt
import email.utils
import hashlib
import hmac
import urllib.parse
from collections.abc import Sequence
from typing import Literal

import httpx2
import msgspec

from analytics.alerting import Alert

SIGNATURE = "Tidegate-Signature"
GOES_ON_S = 300.0  # Alertmanager resolves an alert by itself that nobody repeats for so long
AGAIN = frozenset((408, 425, 429))  # of the 4xx: what the same request may succeed with later
MOST_WAIT_S = 600.0  # of a Retry-After


class Sink(msgspec.Struct, frozen=True):
    """Where alerts go. An Alertmanager's `url` is its root; a webhook's `secret` signs what it is sent."""

    name: str
    type: Literal["webhook", "alertmanager"]
    url: str  # may be a secret: never told, never stored
    secret: bytes = b""
    token: str = ""
    user: str = ""
    password: str = ""


class NotDelivered(Exception):
    """A sink did not take an alert. `is_final`: the same request can never succeed.

    `again_after_s`: what the sink asks for, 0 where it asks for nothing.
    """

    def __init__(self, reason: str, *, is_final: bool = False, again_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.is_final = is_final
        self.again_after_s = again_after_s


def send(sink: Sink, alerts: Sequence[Alert], *, now: float, within_s: float) -> None:
    """Post alerts once; a webhook gets one at a time. `now` (seconds since 1970) is real time.

    The whole exchange takes `within_s` at most. Raises NotDelivered, whose text holds neither URL nor secret.
    """
    if sink.type == "alertmanager":
        body = msgspec.json.encode([to_alertmanager(alert, now) for alert in alerts])
    else:
        (alert,) = alerts
        body = msgspec.json.encode(alert)
    asyncio.run(post(sink, body, now=now, within_s=within_s))


async def post(sink: Sink, body: bytes, *, now: float, within_s: float) -> None:
    """One request; redirects are not followed, and what is answered is not read."""
    url, headers = sink.url, {"Content-Type": "application/json", "User-Agent": "tidegate"}
    auth = httpx2.BasicAuth(sink.user, sink.password) if sink.user else None
    if sink.type == "alertmanager":
        url = f"{sink.url.rstrip('/')}/api/v2/alerts"
    else:
        headers[SIGNATURE] = signature(sink.secret, body, int(now))
    if sink.token:
        headers["Authorization"] = f"Bearer {sink.token}"
    try:
        async with (
            asyncio.timeout(within_s),
            httpx2.AsyncClient(timeout=within_s, follow_redirects=False) as http,
            http.stream("POST", url, content=body, headers=headers, auth=auth) as answer,
        ):
            judge(answer, now)
    except (TimeoutError, httpx2.TimeoutException) as failure:
        raise NotDelivered(f"no answer within {within_s:.3g} s") from failure
    except (httpx2.HTTPError, OSError, ValueError) as failure:  # the latter: a name that is none
        raise NotDelivered(
            f"{where_of(url)} {REASONS.get(type(failure), 'broke the connection')}"
        ) from failure


REASONS: dict[type[Exception], str] = {
    httpx2.ConnectError: "cannot be connected to",
    httpx2.RemoteProtocolError: "does not speak HTTP, or hung up",
}


def where_of(url: str) -> str:
    """HOST:PORT of a URL; a path and a query may be secrets, these are none.

    >>> where_of("https://me:hidden@chat.example/hooks/hidden"), where_of("http://[::1]:9093/x")
    ('chat.example:443', '[::1]:9093')
    """
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:  # such a port, or brackets
        return "an address that is none"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{port}"


def judge(answer: httpx2.Response, now: float) -> None:
    """Raises NotDelivered where an answer is no success."""
    if answer.is_success:
        return
    status = answer.status_code
    if answer.is_redirect:
        raise NotDelivered(f"answered {status}; redirects are not followed", is_final=True)
    is_final = status < 500 and status not in AGAIN
    wait_s = 0.0 if is_final else wished_wait(answer.headers.get("Retry-After", ""), now)
    raise NotDelivered(f"answered {status}", is_final=is_final, again_after_s=wait_s)


def wished_wait(retry_after: str, now: float) -> float:
    """Seconds that a Retry-After (RFC 9110, 10.2.3) asks for, MOST_WAIT_S at most; 0 where it says nothing.

    >>> wished_wait("120", 0.0)
    120.0
    >>> wished_wait("Thu, 01 Jan 1970 00:01:40 GMT", 70.0)
    30.0
    """
    if retry_after.isascii() and retry_after.isdigit():
        return min(float(retry_after[:9]), MOST_WAIT_S)
    try:
        at = email.utils.parsedate_to_datetime(retry_after).timestamp()
    except (ValueError, OverflowError):  # the latter: a number that no date holds
        return 0.0
    return min(max(at - now, 0.0), MOST_WAIT_S)


def to_alertmanager(alert: Alert, now: float) -> dict[str, object]:
    """One alert of `POST /api/v2/alerts`: what changes is an annotation, never a label.

    An Alertmanager takes a label without a value for none, so those are left out.
    """
    told = {
        "dashboard": alert.dashboard,
        "evidence": alert.evidence,
        "findings": ",".join(alert.findings),
        "observations": "; ".join(
            f"{each.name} {each.observed:.6g} {each.unit}, expected {each.expected:.6g}"
            for each in alert.observations
        ),
        "page": alert.page,
        "recommendation": alert.recommendation,
        "runbook": alert.runbook,
        "severity": alert.severity,
        "summary": alert.summary,
    }
    return {
        "labels": {name: value for name, value in alert.labels.items() if value},
        "annotations": {name: text for name, text in told.items() if text},
        "startsAt": instant(alert.starts_at),
        "endsAt": instant(alert.ends_at or now + GOES_ON_S),
    }


def signature(secret: bytes, body: bytes, at_s: int) -> str:
    """The header's value: HMAC-SHA256 over `SECONDS.BODY`."""
    digest = hmac.new(secret, f"{at_s}.".encode() + body, hashlib.sha256)
    return f"t={at_s},v1={digest.hexdigest()}"


def instant(at: float) -> str:
    """Seconds since 1970 as RFC 3339 in UTC."""
    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
