"""Loads access logs into the table `imports`, which has no TTL.

Two passes over the file: the first counts its lines, days and paths and takes its SHA-256, the
second inserts. A batch holds rows of one day only, so that it never spans partitions, and carries
a deduplication token made of the file's hash and its lines: importing a file twice, or again after
a crash in the middle, doubles nothing. A line is identified as (worker `import-HASH`, seq = line).
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec
from clickhouse_connect.driver.client import Client

from kernel.addresses import identity_of_address
from kernel.events import COLUMNS, NAMES, OTHER, TYPES, EventRow, Flag, Outcome
from kernel.hashing import keyed_hash
from kernel.policy import METHODS
from kernel.snapshot import Snapshot
from warehouse.access_log import Entry, Unreadable, lines_of, parse_line, parse_lines
from warehouse.queries import load

TABLE = "imports"
DAY_S = 86_400
BATCH_ROWS = 10_000
MAX_ROUTES = 100  # named by first segment; the rest is one route
MAX_USER_AGENTS = 5_000
USER_AGENT_CHARS = 256
TOLD_LINES = 50  # unreadable lines kept with their reasons; the rest is counted
REST = "rest"
PLAIN_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")

# What is not said below keeps these values.
UNSAID: dict[str, object] = {
    **{
        column.name: "" if "String" in column.type else 0
        for column in COLUMNS
        if not column.type.startswith("Array")
    },
    "would_refuse": (),
    "decision": "allowed",
    "limit_remaining": -1,
    "object_id": -1,
    "success": -1,
    "identity_kind": "address",
    "flags": int(Flag.IMPORTED),
}


class RouteOf(Protocol):
    """Names the route of an entry: (name, template), both empty where none takes it."""

    def __call__(self, entry: Entry) -> tuple[str, str]: ...


class Survey(msgspec.Struct, frozen=True):
    """What the first pass saw: counts of lines, and of entries by day and by first path segment."""

    sha256: str
    lines: int
    entries: int
    unreadable: tuple[Unreadable, ...]
    days: dict[int, int]
    segments: dict[str, int]
    first_at: float
    last_at: float


class Imported(msgspec.Struct, frozen=True):
    """The account of an import: lines = stored + before + unreadable.

    `stored` rows are new, `before` were stored by an earlier import of the same file.
    """

    path: str
    lines: int
    stored: int
    before: int
    unreadable: int
    told: tuple[Unreadable, ...]
    days: int
    first_at: float
    last_at: float


def survey(file: BinaryIO) -> Survey:
    """Read a whole log once; memory does not grow with its length."""
    digest = hashlib.sha256()
    days: Counter[int] = Counter()
    segments: Counter[str] = Counter()
    told: list[Unreadable] = []
    lines, first_at, last_at = 0, float("inf"), 0.0
    for lines, line in enumerate(lines_of(file), 1):
        digest.update(line)
        entry = parse_line(line, lines)
        if isinstance(entry, Unreadable):
            if len(told) < TOLD_LINES:
                told.append(entry)
            continue
        days[int(entry.at // DAY_S)] += 1
        if len(segments) < MAX_ROUTES * 100 or first_segment(entry.path) in segments:
            segments[first_segment(entry.path)] += 1
        first_at, last_at = min(first_at, entry.at), max(last_at, entry.at)
    return Survey(
        sha256=digest.hexdigest(),
        lines=lines,
        entries=days.total(),
        unreadable=tuple(told),
        days=dict(days),
        segments=dict(segments),
        first_at=first_at if days else 0.0,
        last_at=last_at,
    )


def first_segment(path: str) -> str:
    """`/blog/a?b` -> `blog`; empty for `/` and for what is no path."""
    return path.partition("?")[0].split("/", 2)[1][:60] if path.startswith("/") else ""


def busiest(segments: dict[str, int], most: int = MAX_ROUTES) -> tuple[str, ...]:
    """The segments that deserve a route of their own: the most requested ones, by name where equal.

    Only plain names: what scanners type is no route.
    """
    plain = (name for name in segments if PLAIN_SEGMENT.fullmatch(name) and name != REST)
    ranked = sorted(plain, key=lambda name: (-segments[name], name))
    return tuple(ranked[:most])


def by_segment(segments: tuple[str, ...]) -> RouteOf:
    """Routes named by first path segment; all other paths are the route REST."""
    known = frozenset(segments)

    def route_of(entry: Entry) -> tuple[str, str]:
        if not entry.has_request:
            return "", ""
        name = first_segment(entry.path)
        return (name, f"/{name}/*") if name in known else (REST, "/*")

    return route_of


def by_policy(snapshot: Snapshot) -> RouteOf:
    """Routes as the policy's matcher names them."""

    def route_of(entry: Entry) -> tuple[str, str]:
        if not entry.has_request:
            return "", ""
        index = snapshot.matcher.match("", entry.path.partition("?")[0], entry.method).route
        return (snapshot.routes[index].name, snapshot.routes[index].template) if index >= 0 else ("", "")

    return route_of


class RowMaker:
    """Entries -> rows of one file; holds the capped dictionary of user agents."""

    def __init__(self, tenant: str, worker: str, route_of: RouteOf, hash_key: bytes) -> None:
        self._fixed = {**UNSAID, "tenant": tenant, "worker": worker}
        self._route_of = route_of
        self._hash_key = hash_key
        self._user_agents: set[str] = set()

    def to_row(self, entry: Entry) -> EventRow:
        """One row, in the order of COLUMNS."""
        route, template = self._route_of(entry)
        at_us = round(entry.at * 1e6)
        said: dict[str, object] = {
            "seq": entry.line,
            "started_at": at_us,
            "ended_at": at_us,
            "route": route,
            "path": template,
            "path_hash": self._hash(entry.path.partition("?")[0]),
            "method": known_method(entry.method),
            "protocol": entry.protocol,
            "status": entry.status,
            "outcome": str(outcome_of(entry)),
            "bytes_out": entry.size,
            "client_ip": entry.address.text,
            "identity": identity_of_address(entry.address),
            "user_agent": self._capped(entry.user_agent),
            "user_agent_hash": self._hash(entry.user_agent),
            "subject_hash": self._hash(entry.user),
        }
        row = {**self._fixed, **said}
        return tuple(row[name] for name in NAMES)

    def _hash(self, text: str) -> int:
        return keyed_hash(text.encode("utf-8", "replace"), self._hash_key) if text else 0

    def _capped(self, user_agent: str) -> str:
        text = user_agent[:USER_AGENT_CHARS]
        if text not in self._user_agents:
            if len(self._user_agents) >= MAX_USER_AGENTS:
                return OTHER
            self._user_agents.add(text)
        return text


def known_method(method: str) -> str:
    """A method that policies know, `_OTHER`, or empty where there was no request."""
    return method if method in METHODS or not method else OTHER


def outcome_of(entry: Entry) -> Outcome:
    """How the logged request ended, as far as a log tells."""
    if not entry.status:
        return Outcome.CLIENT_GONE_WAITING
    if not entry.has_request:
        return Outcome.HEAD_TIMEOUT if entry.status == 408 else Outcome.BAD_REQUEST
    return Outcome.CLIENT_GONE_WAITING if entry.status == 499 else Outcome.COMPLETED


def batches(entries: Iterator[Entry], size: int = BATCH_ROWS) -> Iterator[list[Entry]]:
    """Batches of one day each, in a fixed order: the same file gives the same batches."""
    days: dict[int, list[Entry]] = {}
    for entry in entries:
        batch = days.setdefault(int(entry.at // DAY_S), [])
        batch.append(entry)
        if len(batch) >= size:
            yield days.pop(int(entry.at // DAY_S))
    for day in sorted(days):
        yield days[day]


def entries_of(file: BinaryIO) -> Iterator[Entry]:
    """The readable lines of a log."""
    return (entry for entry in parse_lines(lines_of(file)) if isinstance(entry, Entry))


def worker_of(sha256: str) -> str:
    """The name under which a file's lines are stored."""
    return f"import-{sha256[:16]}"


def stored_rows(client: Client, tenant: str, worker: str) -> int:
    """How many lines of a file are in the table."""
    answer = client.query(load("imported_lines"), parameters={"tenant": tenant, "worker": worker})
    return int(answer.result_rows[0][0])


class Wanted(msgspec.Struct, frozen=True):
    """What to load: `routes` None names routes by first path segment."""

    path: Path
    tenant: str
    hash_key: bytes
    routes: RouteOf | None = None


def import_log(client: Client, wanted: Wanted, told: Callable[[int, int], None]) -> Imported:
    """Load a log; `told(rows sent, rows in all)` is called after each batch. Raises OSError.

    The tables must exist (`warehouse.migrate.migrate`).
    """
    with wanted.path.open("rb") as file:
        seen = survey(file)
        worker = worker_of(seen.sha256)
        before = stored_rows(client, wanted.tenant, worker)
        routes = wanted.routes or by_segment(busiest(seen.segments))
        maker = RowMaker(wanted.tenant, worker, routes, wanted.hash_key)
        file.seek(0)
        sent = 0
        for batch in batches(entries_of(file)) if before < seen.entries else ():
            insert(
                client,
                [maker.to_row(entry) for entry in batch],
                token_of(f"{wanted.tenant}-{seen.sha256}", batch),
            )
            sent += len(batch)
            told(sent, seen.entries)
    return Imported(
        path=str(wanted.path),
        lines=seen.lines,
        stored=stored_rows(client, wanted.tenant, worker) - before,
        before=before,
        unreadable=seen.lines - seen.entries,
        told=seen.unreadable,
        days=len(seen.days),
        first_at=seen.first_at,
        last_at=seen.last_at,
    )


def token_of(file: str, batch: list[Entry]) -> str:
    """The deduplication token of a batch: whose file, the day, and the lines."""
    day = int(batch[0].at // DAY_S)
    return f"{file}-{day}-{batch[0].line}-{batch[-1].line}-{len(batch)}"


def insert(client: Client, rows: list[EventRow], token: str) -> None:
    """One insert; a repeated token stores nothing."""
    client.insert(
        TABLE,
        rows,
        column_names=NAMES,
        column_type_names=TYPES,
        settings={"insert_deduplication_token": token},
    )
