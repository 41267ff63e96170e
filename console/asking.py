"""Asks the control endpoint and the proxy's management over HTTP, with a deadline on every call."""

from typing import TypeVar

import httpx2
import msgspec

TIMEOUT_S = 5.0

T = TypeVar("T")


class NoAnswer(Exception):
    """An endpoint did not answer, or not with what was asked for; the message says which and why."""


class Asker:
    """Calls to one endpoint. `name` is what messages call it."""

    def __init__(self, name: str, url: str, token: str) -> None:
        self._name = name
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, kind: type[T], **query: str) -> T:
        """GET: the answer as `kind`. Raises NoAnswer."""
        return self._call("GET", path, kind, query=query)

    def put(self, path: str, body: object, kind: type[T]) -> T:
        """PUT `body` as JSON: the answer as `kind`. Raises NoAnswer."""
        return self._call("PUT", path, kind, body=msgspec.json.encode(body))

    def _call(
        self,
        method: str,
        path: str,
        kind: type[T],
        *,
        query: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> T:
        where = f"{self._name} at {self._url}"
        try:
            # trust_env: an HTTP proxy of the environment has no business with loopback.
            with httpx2.Client(timeout=TIMEOUT_S, trust_env=False) as client:
                answer = client.request(
                    method, self._url + path, params=query or {}, content=body, headers=self._headers
                )
        except (httpx2.HTTPError, httpx2.InvalidURL) as trouble:
            raise NoAnswer(f"{where} does not answer: {trouble or type(trouble).__name__}") from trouble
        if answer.status_code == 401:
            raise NoAnswer(f"{where} does not take our token: set its environment variable, or --data")
        if not answer.is_success:
            raise NoAnswer(f"{where} answered {answer.status_code}: {detail_of(answer)}")
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.DecodeError as trouble:
            raise NoAnswer(f"{where} answered what this version does not understand: {trouble}") from trouble


class Detail(msgspec.Struct):
    """The part of a problem document that people read."""

    detail: str


def detail_of(answer: httpx2.Response) -> str:
    """What the answer says of itself."""
    try:
        return msgspec.json.decode(answer.content, type=Detail).detail
    except msgspec.DecodeError:
        return answer.text[:200]
