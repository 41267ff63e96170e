"""What both suites of the ClickHouse client share: the client's options and a table."""

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from warehouse.client import connect
from warehouse.migrate import migrate

CODECS = ("rust", "python")
SERVERS = ("embedded", pytest.param("server", marks=pytest.mark.clickhouse_server))


def server_url() -> str:
    """A real ClickHouse server, where CLICKHOUSE_URL names one: the same tests hold there."""
    url = os.environ.get("CLICKHOUSE_URL", "")
    if not url:
        pytest.skip("CLICKHOUSE_URL names no ClickHouse server")
    client = connect(url)
    migrate(client)
    client.close()
    return url


def options(url: str, codec: str, **more: Any) -> dict[str, Any]:
    """Arguments of `get_client` as a user of clickhouse-connect writes them."""
    parts = urlsplit(url)
    return {
        "host": parts.hostname,
        "port": parts.port,
        "username": parts.username or "default",
        "password": parts.password or "",
        **({"native_codec": "rust"} if codec == "rust" else {}),
        **more,
    }


def many_rows(count: int) -> Iterator[tuple[int, str, float, list[str]]]:
    """Rows that differ, so that a lost or doubled block shows in every sum."""
    for number in range(count):
        yield number, f"text {number}", number / 4, [str(number % 7)] * (number % 3)
