"""Asks the control endpoint and the proxy's management over HTTP, with a deadline on every call."""

from typing import TypeVar

import httpx2
import msgspec

TIMEOUT_S = 5.0

T = TypeVar("T")


class NoAnswer(Exception):
    """An endpoint did not answer, or not with what was asked for; the message says which and why.

    `status`: the HTTP status of a refusal, else 0.
    """

    def __init__(self, why: str, status: int = 0) -> None:
        super().__init__(why)
        self.status = status


class Sent(msgspec.Struct, frozen=True):
    """What goes with a call: the query, the body (JSON), the revision that must be in force."""

    query: dict[str, str] = {}
    body: bytes | None = None
    expected: str = ""


class Asker:
    """Calls to one endpoint. `name` is what messages call it."""

    def __init__(self, name: str, url: str, token: str, *, within_s: float = TIMEOUT_S) -> None:
        self._name = name
        self._url = url
        self._within_s = within_s
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, kind: type[T], **query: str) -> T:
        """GET: the answer as `kind`. Raises NoAnswer."""
        return self._call("GET", path, kind, sent=Sent(query=query))

    def put(self, path: str, body: object, kind: type[T], *, expected: str = "") -> T:
        """PUT `body` as JSON: the answer as `kind`. Raises NoAnswer.

        `expected`: only if that revision of the policy is in force (If-Match).
        """
        return self._call("PUT", path, kind, sent=Sent(body=msgspec.json.encode(body), expected=expected))

    def post(self, path: str, body: object, kind: type[T], *, expected: str = "") -> T:
        """POST `body` as JSON, as `put`."""
        return self._call("POST", path, kind, sent=Sent(body=msgspec.json.encode(body), expected=expected))

    def _call(self, method: str, path: str, kind: type[T], *, sent: Sent) -> T:
        where = f"{self._name} at {self._url}"
        headers = {**self._headers, **({"If-Match": f'"{sent.expected}"'} if sent.expected else {})}
        try:
            # trust_env: an HTTP proxy of the environment has no business with loopback.
            with httpx2.Client(timeout=self._within_s, trust_env=False) as client:
                answer = client.request(
                    method, self._url + path, params=sent.query, content=sent.body, headers=headers
                )
        except (httpx2.HTTPError, httpx2.InvalidURL) as trouble:
            raise NoAnswer(f"{where} does not answer: {trouble or type(trouble).__name__}") from trouble
        if answer.status_code == 401:
            raise NoAnswer(f"{where} does not take our token: set its environment variable, or --data")
        if not answer.is_success:
            told = f"{where} answered {answer.status_code}: {detail_of(answer)}"
            raise NoAnswer(told, answer.status_code)
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.DecodeError as trouble:
            raise NoAnswer(f"{where} answered what this version does not understand: {trouble}") from trouble


class Detail(msgspec.Struct):
    """The part of a problem document that people read."""

    detail: str
    reasons: tuple[str, ...] = ()


def detail_of(answer: httpx2.Response) -> str:
    """What the answer says of itself."""
    try:
        told = msgspec.json.decode(answer.content, type=Detail)
    except msgspec.DecodeError:
        return answer.text[:200]
    if told.detail != "; ".join(told.reasons):
        return "\n  ".join((told.detail, *told.reasons))
    return told.detail if len(told.reasons) == 1 else "\n  ".join(("", *told.reasons))  # each once
