"""What a sink is sent, and sending it once: Alertmanager v2, or a signed webhook.

A webhook's header `Tidegate-Signature: t=SECONDS,v1=HEX` holds HMAC-SHA256 over `SECONDS.BODY`.
"""

import datetime as dt
import hashlib
import hmac
from typing import Literal

import httpx2
import msgspec

from analytics.alerting import Alert

SIGNATURE = "Tidegate-Signature"
GOES_ON_S = 300.0  # Alertmanager resolves an alert by itself that nobody repeats for so long
TIMEOUT_S = 5.0


class Sink(msgspec.Struct, frozen=True):
    """Where alerts go. An Alertmanager's `url` is its root."""

    name: str
    type: Literal["webhook", "alertmanager"]
    url: str


class NotDelivered(Exception):
    """A sink did not take an alert."""


def send(http: httpx2.Client, sink: Sink, alert: Alert, *, secret: bytes, now: float) -> None:
    """Post an alert once. Raises NotDelivered, whose text holds neither URL nor secret."""
    headers = {"Content-Type": "application/json"}
    url = sink.url
    if sink.type == "alertmanager":
        url = f"{sink.url.rstrip('/')}/api/v2/alerts"
        body = msgspec.json.encode([to_alertmanager(alert, now)])
    else:
        body = msgspec.json.encode(alert)
        headers[SIGNATURE] = signature(secret, body, int(now))
    try:
        answer = http.post(url, content=body, headers=headers, timeout=TIMEOUT_S)
    except httpx2.HTTPError as failure:
        raise NotDelivered(type(failure).__name__) from failure
    if not answer.is_success:
        raise NotDelivered(f"answered {answer.status_code}")


def to_alertmanager(alert: Alert, now: float) -> dict[str, object]:
    """One alert of `POST /api/v2/alerts`: what changes is an annotation, never a label."""
    return {
        "labels": alert.labels,
        "annotations": {
            "findings": ",".join(alert.findings),
            "severity": alert.severity,
            "summary": alert.summary,
        },
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
