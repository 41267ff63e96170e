"""Macros and variables to plain SQL that says what Grafana's ClickHouse plugin makes of it: the browser's
part (`$__conditionalAll`, variables) and the back end's macros. Alert rules get the back end's part alone."""

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

ALL = "$__all"
_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(?!__)(\w+)")
_MACRO = re.compile(r"\$__(\w+)")
# Steps that a reader can name, so that two charts of nearly one range have the same grid.
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400)


class NotExpandable(Exception):
    """The SQL names a macro or a variable that is not there."""


class TimeRange(msgspec.Struct, frozen=True):
    """`since` and `until` in seconds since 1970; `points` is how many a chart has room for."""

    since: float
    until: float
    points: int = 240

    @property
    def interval_s(self) -> int:
        """The smallest named step with which the range has at most `points` points."""
        wanted = (self.until - self.since) / max(1, self.points)
        return next((step for step in _STEPS_S if step >= wanted), _STEPS_S[-1])


Values = Mapping[str, str | Sequence[str]]


def expand(sql: str, time_range: TimeRange, variables: Values) -> str:
    """SQL for the engine. A variable is one text, several, or ALL. Raises NotExpandable.

    Unlike the plugin, values come last: a value that names a macro could take away its own closing quote.
    """
    return _variables(_macros(_conditionals(sql, variables), time_range), variables)


def expand_back_end(sql: str, time_range: TimeRange) -> str:
    """The macros alone. Raises NotExpandable for what is left over."""
    sql = _macros(sql, time_range)
    if left := _VARIABLE.search(sql):
        raise NotExpandable(f"{left[0]} is not known here")
    return sql


def names_of(sql: str) -> frozenset[str]:
    """The variables that the SQL names."""
    return frozenset(one[1] or one[3] for one in _VARIABLE.finditer(sql))


def quote(text: str) -> str:
    """A string literal of ClickHouse."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _macros(sql: str, time_range: TimeRange) -> str:
    since_s, until_s = int(time_range.since), int(time_range.until)
    since_ms, until_ms = round(time_range.since * 1000), round(time_range.until * 1000)
    step = time_range.interval_s
    macros: dict[str, Callable[[str], str]] = {
        "timeFilter": lambda c: f"{c} >= toDateTime({since_s}) AND {c} <= toDateTime({until_s})",
        "timeFilter_ms": lambda c: (
            f"{c} >= fromUnixTimestamp64Milli({since_ms}) AND {c} <= fromUnixTimestamp64Milli({until_ms})"
        ),
        "timeInterval": lambda c: f"toStartOfInterval(toDateTime({c}), INTERVAL {step} second)",
        "interval_s": lambda _: str(step),
        "fromTime": lambda _: f"toDateTime({since_s})",
        "toTime": lambda _: f"toDateTime({until_s})",
        "fromTime_ms": lambda _: f"fromUnixTimestamp64Milli({since_ms})",
        "toTime_ms": lambda _: f"fromUnixTimestamp64Milli({until_ms})",
    }
    found = _MACRO.search(sql)
    while found:
        name = found[1]
        if name not in macros:
            raise NotExpandable(f"there is no macro $__{name}")
        argument, end = _argument(sql, found.end())
        sql = sql[: found.start()] + macros[name](argument) + sql[end:]
        found = _MACRO.search(sql, found.start())
    return sql


def _conditionals(sql: str, variables: Values) -> str:
    """`$__conditionalAll(condition, $variable)`: `1=1` where all are chosen."""
    mark = "$__conditionalAll"
    while (start := sql.find(mark)) >= 0:
        argument, end = _argument(sql, start + len(mark))
        condition, comma, name = argument.rpartition(",")
        chosen = _chosen(name.strip().strip("${}"), variables)
        if not comma:
            raise NotExpandable(f"{mark} takes a condition and a variable")
        sql = sql[:start] + ("1=1" if ALL in chosen else condition.strip()) + sql[end:]
    return sql


def _variables(sql: str, variables: Values) -> str:
    def value(found: re.Match[str]) -> str:
        chosen = _chosen(found[1] or found[3], variables)
        if found[2] == "singlequote":
            return ",".join(quote(one) for one in chosen)
        if found[2]:
            raise NotExpandable(f"{found[0]}: there is no format {found[2]}")
        return ",".join(chosen)

    return _VARIABLE.sub(value, sql)


def _chosen(name: str, variables: Values) -> tuple[str, ...]:
    if name not in variables:
        raise NotExpandable(f"there is no variable {name}")
    value = variables[name]
    return (value,) if isinstance(value, str) else tuple(value)


def _argument(sql: str, at: int) -> tuple[str, int]:
    """What stands in the parentheses at `at`, and the place behind them; nothing where there are none."""
    if sql[at : at + 1] != "(":
        return "", at
    depth = 0
    for place in range(at, len(sql)):
        depth += {"(": 1, ")": -1}.get(sql[place], 0)
        if depth == 0:
            return sql[at + 1 : place], place + 1
    raise NotExpandable(f"a parenthesis is not closed: {sql[at : at + 40]}")
