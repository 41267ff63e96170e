"""Plain HTTP requests to the embedded server, below any client library."""

import base64
import contextlib
import http.client
from urllib.parse import urlencode, urlsplit

import msgspec


class Reply(msgspec.Struct, frozen=True):
    """A whole HTTP answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        return self.headers.get("x-clickhouse-exception-code", "")


def ask(
    url: str,
    sql: str | bytes = b"",
    *,
    user: str = "",
    headers: dict[str, str] | None = None,
    **parameters: str,
) -> Reply:
    """POSTs `sql`; `user` is `name:password`."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    sent = dict(headers or {})
    if user:
        sent["Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
    body = sql.encode() if isinstance(sql, str) else sql
    with contextlib.closing(connection):
        connection.request("POST", "/?" + urlencode(parameters), body, sent)
        response = connection.getresponse()
        told = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, told, response.read())
