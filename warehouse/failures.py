"""How a warehouse fails, told to people in one short line."""

import logging
import re

from clickhouse_connect.driver.exceptions import ClickHouseError, Error
from urllib3.exceptions import HTTPError

FAILURES = (ClickHouseError, HTTPError, OSError)  # of the warehouse; anything else is a bug
LONGEST_REASON = 200
SYSTEM_REASON = re.compile(r"\[Errno -?\d+\] ([^\"'\])(]+)")
URL_PART = re.compile(r"\(?\s*(?:for url|with url:)?\s*\S*(?:https?://|/\?)\S*\)?")


def hush_clients() -> None:
    """Keep the client libraries' own log to themselves: a line at every try, with the whole URL.

    Whoever asks the warehouse tells what fails, once, by `to_line`.
    """
    for name in ("urllib3", "clickhouse_connect"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def is_answer(failure: Exception) -> bool:
    """Whether the warehouse answered, and said no."""
    return isinstance(failure, Error) and failure.code is not None


def to_line(failure: Exception) -> str:
    """One short line.

    >>> to_line(ConnectionRefusedError(111, "Connection refused"))
    'the warehouse does not answer (connection refused)'
    """
    what = "answers with a failure" if is_answer(failure) else "does not answer"
    return f"the warehouse {what} ({to_reason(failure)})"


def to_reason(failure: Exception) -> str:
    """What the system or the warehouse says, without URLs and stack traces."""
    text = (str(failure).strip() or type(failure).__name__).splitlines()[0]
    said = SYSTEM_REASON.search(text)
    if said:
        return said[1].strip().lower()
    if "timed out" in text:
        return "no answer in time"
    return " ".join(URL_PART.sub(" ", text.rpartition("Caused by ")[2]).split())[:LONGEST_REASON]
