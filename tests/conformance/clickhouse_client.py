"""What both suites of the ClickHouse client share: the client's options and a table."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

CODECS = ("rust", "python")


def options(url: str, codec: str, **more: Any) -> dict[str, Any]:
    """Arguments of `get_client` as a user of clickhouse-connect writes them."""
    parts = urlsplit(url)
    return {
        "host": parts.hostname,
        "port": parts.port,
        **({"native_codec": "rust"} if codec == "rust" else {}),
        **more,
    }


def many_rows(count: int) -> Iterator[tuple[int, str, float, list[str]]]:
    """Rows that differ, so that a lost or doubled block shows in every sum."""
    for number in range(count):
        yield number, f"text {number}", number / 4, [str(number % 7)] * (number % 3)
