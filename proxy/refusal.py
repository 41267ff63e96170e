"""Answers of the gateway itself: problem details (RFC 9457), RateLimit fields, Retry-After."""

import math
from email.utils import formatdate

import msgspec

from kernel.decide import LimitVerdict, Reason
from kernel.events import Outcome
from proxy.pipeline import Judgement
from proxy.prepared import Prepared
from proxy.response import phrase_of

# Problem types that draft-ietf-httpapi-ratelimit-headers-10 registers.
REGISTERED = "https://iana.org/assignments/http-problem-types#"
REGISTERED_TYPES = frozenset({"quota-exceeded", "temporary-reduced-capacity", "abnormal-usage-detected"})
OWN = "urn:tidegate:problem:"

TITLES: dict[str, str] = {
    Reason.NO_ROUTE: "No route takes this request",
    Reason.WRONG_METHOD: "The route does not take this method",
    Reason.ACCESS_DENIED: "Access is denied",
    Reason.CREDENTIAL_MISSING: "A credential is required",
    Reason.CREDENTIAL_INVALID: "The credential is not valid",
    Reason.BODY_TOO_LARGE: "The body is too large",
    Reason.QUOTA_EXCEEDED: "The quota is exceeded",
    Reason.ABNORMAL_USAGE: "Usage is abnormal",
}
# What is told where no rule and no parser says more: safe for any client, so no address and no name of ours.
DETAILS: dict[str, str] = {
    Reason.NO_ROUTE: "No route of the policy takes this host and path.",
    Reason.WRONG_METHOD: "The Allow field lists the methods that this path takes.",
    Reason.ACCESS_DENIED: "Access from this address is not allowed.",
    Reason.CREDENTIAL_MISSING: "Send an API key; the WWW-Authenticate field names the header field for it.",
    Reason.CREDENTIAL_INVALID: "The API key is unknown, or no longer valid.",
    Reason.BODY_TOO_LARGE: "The request's body is larger than this route takes.",
    "bad-request": "The request is malformed or ambiguous.",
    "head-timeout": "The request's head did not arrive in time.",
    "body-timeout": "The request's body did not arrive in time.",
    "connect-failed": "The upstream did not accept a connection.",
    "connect-timeout": "The upstream did not accept a connection in time.",
    "first-byte-timeout": "The upstream did not begin to answer in time.",
    "response-timeout": "The upstream's answer stalled.",
    "total-timeout": "The exchange took longer than this route allows.",
    "upstream-reset": "The upstream closed the connection before it had answered.",
    "upstream-malformed": "The upstream's answer is not valid HTTP.",
    "upstream-truncated": "The upstream closed the connection in the middle of its answer.",
    "crashed": "The gateway failed on this request; the decision id finds what it wrote about it.",
}


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem details object."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    decision_id: str
    trace_id: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of the gateway's own: `fields` are whole header lines; no reason, no problem."""

    status: int
    reason: str
    detail: str = ""
    fields: bytes = b""


def rate_limit_fields(limits: tuple[LimitVerdict, ...], prepared: Prepared) -> bytes:
    """RateLimit-Policy and RateLimit of the enforced limits, as lines."""
    return b"ratelimit-policy: %b\r\nratelimit: %b\r\n" % rate_limit_values(limits, prepared)


def rate_limit_values(limits: tuple[LimitVerdict, ...], prepared: Prepared) -> tuple[bytes, bytes]:
    """RateLimit-Policy and RateLimit of the enforced limits (draft 10, structured fields).

    `t` is the seconds until the bucket is whole, and of a limit that refused, until it admits again.
    """
    if len(limits) == 1:
        limit = limits[0]
        item, name = prepared.limit_field(limit.name, limit.quota)
        return item, b"%b;r=%d;t=%d" % (name, limit.taken.remaining, seconds_of(limit))
    items = [prepared.limit_field(limit.name, limit.quota) for limit in limits]
    policy = b", ".join(item for item, _ in items)
    left = b", ".join(
        b"%b;r=%d;t=%d" % (name, limit.taken.remaining, seconds_of(limit))
        for limit, (_, name) in zip(limits, items, strict=True)
    )
    return policy, left


def seconds_of(limit: LimitVerdict) -> int:
    """`t` of one limit."""
    taken = limit.taken
    return math.ceil(taken.reset_after if taken.allowed else taken.retry_after)


def answer_of(judged: Judgement, prepared: Prepared) -> Answer:
    """The answer to a refused request."""
    verdicts = judged.verdicts
    fields = b""
    if verdicts.limits:
        fields = rate_limit_fields(verdicts.limits, prepared)
        waits = [seconds_of(limit) for limit in verdicts.limits if not limit.taken.allowed]
        if waits:
            fields += b"retry-after: %d\r\n" % max(1, *waits)
    if verdicts.reason == Reason.WRONG_METHOD:
        fields += b"allow: %b\r\n" % ", ".join(filter(None, judged.match.allow)).encode("ascii", "replace")
    elif verdicts.status == 401:
        header = prepared.snapshot.api_key_header
        fields += b'www-authenticate: ApiKey realm="tidegate", header="%b"\r\n' % header
    detail = f"The rule {verdicts.rule!r} refused the request." if verdicts.rule else ""
    return Answer(status=verdicts.status, reason=str(verdicts.reason), detail=detail, fields=fields)


def failure_of(outcome: Outcome, status: int, judged: Judgement | None, prepared: Prepared) -> Answer:
    """The answer to a request that no rule refused and that failed all the same.

    Its limits were charged, so it tells what is left of them.
    """
    limits = judged.verdicts.limits if judged is not None else ()
    fields = rate_limit_fields(limits, prepared) if limits else b""
    return Answer(status=status, reason=outcome.value.replace("_", "-"), fields=fields)


class Refusals:
    """Writes answers as `application/problem+json`."""

    __slots__ = ("_date", "_date_at", "_own", "_registered")

    def __init__(self, *, own: str = OWN, registered: str = REGISTERED) -> None:
        self._own = own
        self._registered = registered
        self._date = b""
        self._date_at = -1

    def type_of(self, reason: str) -> str:
        """The URI of a problem type."""
        return (self._registered if reason in REGISTERED_TYPES else self._own) + reason

    def to_bytes(
        self, answer: Answer, ids: tuple[str, str], *, now: float, closing: bool, body: bool = True
    ) -> tuple[bytes, int]:
        """(head and body, size of the body).

        `ids` are those of the decision and of the trace; `now` is in seconds since 1970.
        """
        decision_id, trace_id = ids
        content = self._problem(answer, decision_id, trace_id) if answer.reason else b""
        head = (
            b"HTTP/1.1 %d %b\r\n%bcontent-length: %d\r\n"
            b"cache-control: no-store\r\ndate: %b\r\nx-request-id: %b\r\n%b%b\r\n"
        ) % (
            answer.status,
            phrase_of(answer.status).encode(),
            b"content-type: application/problem+json\r\n" if content else b"",
            len(content),
            self._today(now),
            decision_id.encode(),
            answer.fields,
            b"connection: close\r\n" if closing else b"",
        )
        return (head + content, len(content)) if body else (head, 0)

    def _problem(self, answer: Answer, decision_id: str, trace_id: str) -> bytes:
        return msgspec.json.encode(
            Problem(
                type=self.type_of(answer.reason),
                title=TITLES.get(answer.reason) or phrase_of(answer.status),
                status=answer.status,
                detail=answer.detail or DETAILS.get(answer.reason, ""),
                instance=f"urn:tidegate:decision:{decision_id}",
                decision_id=decision_id,
                trace_id=trace_id,
            )
        )

    def _today(self, now: float) -> bytes:
        if int(now) != self._date_at:
            self._date_at = int(now)
            self._date = formatdate(self._date_at, usegmt=True).encode()
        return self._date
