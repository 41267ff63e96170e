"""What the notebooks read of the warehouse: a connection, and the answers behind charts and tables.

Panels are asked as the boards ask them. Roll-ups know no identity, so that of one identity rows are read.
"""

import datetime as dt
from itertools import compress
from urllib.parse import quote

import msgspec
from clickhouse_connect.driver.client import Client

from dashboards.asking import Cell, Columns, ask, ask_sql
from dashboards.boards import overview, policy
from dashboards.expansion import ALL, TimeRange, expand
from dashboards.spec import Panel, Variable, panel_of
from kernel.findings import Finding
from notebooks.settings import Settings
from warehouse.client import WrongUrl, connect
from warehouse.exits import without_password
from warehouse.failures import FAILURES, hush_clients, to_line
from warehouse.findings import read_findings
from warehouse.readers_identity import CourseColumns, IdentityReader, Whose

RATE = panel_of(overview.BOARD, "rate")
LATENCY = panel_of(overview.BOARD, "latency")
DECISIONS = panel_of(overview.BOARD, "decisions")
BUSIEST = panel_of(overview.BOARD, "top-routes")
ROUTES = panel_of(overview.BOARD, "routes")
CLIENTS = panel_of(overview.BOARD, "clients")
RULES = panel_of(policy.BOARD, "rules")
LATE_S = 2.0  # until a request that ended is stored, at the most
OLDEST_OPEN_S = 86_400.0  # before the range: what began earlier and goes on is marked, too
CLASSES = ("success", "refused_by_gateway", "client_errors", "server_errors", "not_routed")
QUANTILES = ("p50", "p95", "p99")


class Choice(msgspec.Struct, frozen=True):
    """What the reader looks at; `route` and `identity` empty: all."""

    tenant: str
    span: TimeRange
    route: str = ""
    identity: str = ""

    def variables(self) -> dict[str, str]:
        """As panels take them."""
        return {"tenant": self.tenant, "route": self.route or ALL}

    def whose(self) -> Whose:
        """As the readers of rows take it."""
        return Whose(self.identity, self.span.since, self.span.until, self.route)


class Closed(Exception):
    """The warehouse cannot be read; the message says what, where and what to do."""


class Explored(msgspec.Struct, frozen=True):
    """All that the traffic explorer shows of a choice, each as columns."""

    rates: Columns  # per second, `time` and CLASSES
    latencies: Columns  # milliseconds, `time` and QUANTILES
    decisions: Columns  # per second, by decision and reason
    rules: Columns
    busiest: Columns  # routes, per second
    routes: Columns
    clients: Columns
    fates: Columns  # of the chosen identity, else empty
    findings: tuple[Finding, ...]


def open_warehouse(settings: Settings) -> Client:
    """A client that was answered. Raises Closed."""
    hush_clients()
    try:
        return connect(settings.warehouse)
    except WrongUrl as problem:
        raise Closed(f"{problem}.") from problem
    except FAILURES as problem:
        raise closed(problem, settings) from problem


def closed(problem: Exception, settings: Settings) -> Closed:
    """What went wrong at a warehouse, for people; never its password."""
    where = without_password(settings.warehouse)
    return Closed(f"{to_line(problem)}: {where}. Does it run? 'tidegate status' tells where.")


def explore(client: Client, choice: Choice) -> Explored:
    """Ask everything at once. Raises what the warehouse's client raises, see warehouse.failures."""
    return Explored(
        rates=whole_steps(rates(client, choice), choice.span),
        latencies=whole_steps(latencies(client, choice), choice.span),
        decisions=whole_steps(panel_answer(client, DECISIONS, choice), choice.span),
        rules=panel_answer(client, RULES, choice),
        busiest=whole_steps(panel_answer(client, BUSIEST, choice), choice.span),
        routes=panel_answer(client, ROUTES, choice),
        clients=panel_answer(client, CLIENTS, choice),
        fates=fates(client, choice) if choice.identity else Columns((), ()),
        findings=tuple(findings_within(client, choice)),
    )


def asked(known: Settings, *, where: str, user: str, password: str) -> Settings:
    """The settings with what the form was told; who stands before an `@` of the URL is replaced."""
    scheme, _, rest = without_password(where.strip()).partition("://")
    url = f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{rest}"
    return msgspec.structs.replace(known, warehouse=url)


def to_span(length_s: float, until: str, now: float) -> TimeRange:
    """The last seconds up to an ISO 8601 time in UTC; empty, or what is none: as far as all is stored."""
    try:
        end = dt.datetime.fromisoformat(until.strip())
    except ValueError:
        return TimeRange(now - LATE_S - length_s, now - LATE_S)
    at = (end if end.tzinfo else end.replace(tzinfo=dt.UTC)).timestamp()
    return TimeRange(at - length_s, at)


def names_of(client: Client, variable: Variable, span: TimeRange, tenant: str = "") -> list[str]:
    """What there is to choose: tenants, or a tenant's routes with traffic in that time."""
    columns = ask_sql(client, expand(variable.sql, span, {"tenant": tenant}))
    return [str(name) for name in columns.of(variable.name)] if columns.rows else []


def panel_answer(client: Client, panel: Panel, choice: Choice) -> Columns:
    """What a board would show."""
    return ask(client, panel, choice.span, choice.variables())


def whole_steps(columns: Columns, span: TimeRange) -> Columns:
    """Without the first and last step where the range holds a part of them: their rates would seem to fall.

    Of a time without any whole step, all.
    """
    if not columns.rows:
        return columns
    step = span.interval_s
    began = [float(at or 0) for at in columns.of("time")]
    kept = [at >= span.since and at + step <= span.until for at in began]
    chosen = tuple(tuple(compress(values, kept)) for values in columns.values)
    return Columns(columns.names, chosen) if any(kept) else columns


def rates(client: Client, choice: Choice) -> Columns:
    """Requests per second by status class: `time` and CLASSES."""
    if not choice.identity:
        return panel_answer(client, RATE, choice)
    step = choice.span.interval_s
    found = course(client, choice)
    counts = (found.success, found.refused, found.client_errors, found.server_errors, found.not_routed)
    values = (tuple(float(at) for at in found.began), *(tuple(n / step for n in each) for each in counts))
    return Columns(("time", *CLASSES), values) if found.began else Columns((), ())


def latencies(client: Client, choice: Choice) -> Columns:
    """Milliseconds: `time` and QUANTILES. Exact for one identity, else by the roll-ups' histogram."""
    if not choice.identity:
        return panel_answer(client, LATENCY, choice)
    found = course(client, choice)
    if not found.began:
        return Columns((), ())
    quantiles = zip(*found.quantiles_us, strict=True)
    lines = (tuple(float(us) / 1000 for us in each) for each in quantiles)
    return Columns(("time", *QUANTILES), (tuple(float(at) for at in found.began), *lines))


def course(client: Client, choice: Choice) -> CourseColumns:
    """One identity over time."""
    reader = IdentityReader(client, choice.tenant)
    return reader.course(choice.whose(), step_s=choice.span.interval_s)


def fates(client: Client, choice: Choice) -> Columns:
    """What became of one identity's requests, by route, decision, reason and rule."""
    found = msgspec.structs.asdict(IdentityReader(client, choice.tenant).fates(choice.whose()))
    columns: tuple[tuple[Cell, ...], ...] = tuple(tuple(each) for each in found.values())
    return Columns(tuple(found), columns) if found["route"] else Columns((), ())


def findings_within(client: Client, choice: Choice) -> list[Finding]:
    """Findings that were open at some time of the range, oldest first, about the chosen route and identity.

    One that names no identity, or no route, is about all of them.
    """
    span = choice.span
    known = read_findings(client, choice.tenant, since=span.since - OLDEST_OPEN_S)
    chosen = [
        each
        for each in known
        if each.onset <= span.until
        and (not each.closed_at or each.closed_at >= span.since)
        and (not choice.route or each.route in ("", choice.route))
        and (not choice.identity or each.identity in ("", choice.identity))
    ]
    return sorted(chosen, key=lambda each: each.onset)
