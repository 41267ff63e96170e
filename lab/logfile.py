"""A log to be replayed: its requests in order of time, and every line that cannot be one, with the reason."""

import string
from pathlib import Path
from urllib.parse import quote

import msgspec

from warehouse.access_log import Entry, Unreadable, lines_of, parse_line

# RFC 3986 `path` and `query`, and the percent sign, which begins what is encoded already.
TARGET = string.ascii_letters + string.digits + "-._~!$&'()*+,;=:@/?%"
STATUSES = range(200, 600)  # what a final answer can be
MOST_AGENT_CHARACTERS = 1_000


class EmptyLog(Exception):
    """There is nothing to replay."""


class Log(msgspec.Struct, frozen=True):
    """`lines` = len(entries) + len(told). Entries are sorted by time, told lines by number."""

    path: Path
    lines: int
    entries: tuple[Entry, ...]
    told: tuple[Unreadable, ...]

    @property
    def first(self) -> float:
        """Time of the first request, seconds since 1970."""
        return self.entries[0].at

    @property
    def length_s(self) -> float:
        """Seconds from the first to the last request, at least one."""
        return max(self.entries[-1].at - self.entries[0].at, 1.0)


def read_log(path: Path) -> Log:
    """Read a whole log. Raises OSError, or EmptyLog where no line can be replayed."""
    entries: list[Entry] = []
    told: list[Unreadable] = []
    lines = 0
    with path.open("rb") as file:
        for lines, line in enumerate(lines_of(file), 1):
            found = parse_line(line, lines)
            if isinstance(found, Entry):
                reason = why_not(found)
                found = Unreadable(lines, reason, found.raw[:120]) if reason else found
            if isinstance(found, Entry):
                entries.append(found)
            else:
                told.append(found)
    if not entries:
        raise EmptyLog(f"{path}: none of its {lines} lines is a request that can be replayed")
    entries.sort(key=lambda entry: (entry.at, entry.line))
    return Log(path, lines, tuple(entries), tuple(told))


def why_not(entry: Entry) -> str:
    """Why an entry cannot be sent again; empty where it can."""
    if not entry.has_request:
        return "the client sent no request"
    if entry.status not in STATUSES:
        return f"status {entry.status} is no answer that a server can give"
    return ""


def request_of(entry: Entry, authority: str) -> bytes:
    """The bytes of a logged request, with what the upstream shall answer."""
    agent = entry.user_agent.encode("ascii", "backslashreplace").decode()[:MOST_AGENT_CHARACTERS]
    agent = "".join(character if " " <= character <= "~" else " " for character in agent).strip()
    head = [
        f"{entry.method} {quote(entry.path, safe=TARGET)} HTTP/1.1",
        f"Host: {authority}",
        f"X-Forwarded-For: {entry.address.text}",
        f"X-Answer: {entry.status} {entry.size}",
        "Accept: */*",
    ]
    if agent:
        head.append(f"User-Agent: {agent}")
    if entry.method not in ("GET", "HEAD"):
        head.append("Content-Length: 0")
    return "\r\n".join(head).encode() + b"\r\n\r\n"
