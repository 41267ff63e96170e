"""Charts and tables of the notebooks: Altair specs and plain rows, from columns. Times are UTC."""

import datetime as dt
from collections.abc import Mapping, Sequence

import altair as alt

from dashboards.asking import Cell, Columns, to_series
from kernel.findings import Finding
from kernel.replays import ReplayReport, RuleHarm

MOST_LINES = 8  # more cannot be told apart; the table has them all
HEIGHT, WIDTH = 220, 720
TIMES = frozenset({"time", "began"})
Row = dict[str, Cell]


def rows_of(columns: Columns) -> list[Row]:
    """One dict per row, times as text."""
    shown = [
        [to_utc(float(cell or 0)) if name in TIMES else rounded(cell) for cell in values]
        for name, values in zip(columns.names, columns.values, strict=True)
    ]
    names = [to_words(name) for name in columns.names]
    return [dict(zip(names, row, strict=True)) for row in zip(*shown, strict=True)]


def finding_rows(findings: Sequence[Finding]) -> list[Row]:
    """A table of findings, as marked on the charts."""
    return [
        {
            "began": to_utc(each.onset),
            "ended": to_utc(each.closed_at) if each.closed_at else "still open",
            "severity": each.severity,
            "finding": f"{each.detector} {each.kind}",
            "route": each.route or "all",
            "identity": each.identity or "many",
            "summary": each.summary,
        }
        for each in findings
    ]


def lines_chart(columns: Columns, unit: str, findings: Sequence[Finding] = ()) -> alt.TopLevelMixin:
    """Lines over time, and a dashed rule where each finding began. The busiest MOST_LINES are drawn.

    What began before the lines do is not marked: it would stretch the time.
    """
    series = to_series(columns)
    began = [each for each in findings if series.times and each.onset >= series.times[0]]
    lines = sorted(zip(series.names, series.values, strict=True), key=lambda line: -total(line[1]))
    drawn = {name for name, _ in lines[:MOST_LINES]}
    points = [
        {"time": at * 1000, "line": to_words(name), "value": value}
        for name, values in zip(series.names, series.values, strict=True)
        if name in drawn
        for at, value in zip(series.times, values, strict=True)
        if value is not None
    ]
    chart = alt.Chart({"values": points}, height=HEIGHT, width=WIDTH)
    # Dashes, too: colour is never alone.
    drawing = chart.mark_line(point=len(series.times) < 2).encode(
        x=alt.X("time:T", title="UTC", scale=alt.Scale(type="utc")),
        y=alt.Y("value:Q", title=unit),
        color=alt.Color("line:N", title=None, sort=[to_words(name) for name in series.names]),
        strokeDash=alt.StrokeDash("line:N", title=None),
        tooltip=["line:N", alt.Tooltip("value:Q", format=".4~g"), utc_tooltip("time")],
    )
    return alt.layer(drawing, marks(began))


def marks(findings: Sequence[Finding]) -> alt.Chart:
    """Rules where findings began."""
    values = [
        {"time": each.onset * 1000, "finding": f"{each.detector} {each.kind}", "summary": each.summary}
        for each in findings
    ]
    rules = alt.Chart({"values": values}).mark_rule(color="#d9480f", strokeDash=[4, 3], strokeWidth=2)
    drawn: alt.Chart = rules.encode(x="time:T", tooltip=["finding:N", "summary:N", utc_tooltip("time")])
    return drawn


def bars_chart(columns: Columns, name: str, value: str) -> alt.Chart:
    """Bars, in the order of the rows."""
    chart = alt.Chart({"values": rows_of(columns)}, width=WIDTH)
    drawn: alt.Chart = chart.mark_bar().encode(
        x=alt.X(f"{to_words(value)}:Q"),
        y=alt.Y(f"{to_words(name)}:N", sort=None, title=None),
        tooltip=[f"{to_words(each)}:N" for each in columns.names],
    )
    return drawn


def curve_chart(harm: RuleHarm, report: ReplayReport, chosen: Mapping[str, float]) -> alt.TopLevelMixin:
    """A limit at other rates: shares that it would have refused, and a rule at each chosen rate."""
    shares = [
        {"rate": point.rate, "burst": point.burst, "line": line, "share": share}
        for point in harm.curve
        for line, share in (
            ("attack requests refused", point.attack.requests / max(1, report.seen_attack.requests)),
            ("others' requests refused", point.legitimate.requests / max(1, report.seen_legitimate.requests)),
            ("others refused at all: bound", point.upper),
        )
    ]
    x = alt.X("rate:Q", title="requests per second", scale=alt.Scale(type="log", nice=False))
    chart = alt.Chart({"values": shares}, height=HEIGHT, width=WIDTH)
    drawing = chart.mark_line(point=True).encode(
        x=x,
        y=alt.Y("share:Q", title="share", axis=alt.Axis(format="%")),
        color=alt.Color("line:N", title=None),
        strokeDash=alt.StrokeDash("line:N", title=None),
        tooltip=["line:N", "rate:Q", "burst:Q", alt.Tooltip("share:Q", format=".3%")],
    )
    trials: dict[float, str] = {}
    for name, rate in chosen.items():
        trials[rate] = f"{trials[rate]}, {name}" if rate in trials else name
    values = [{"rate": rate, "trial": names} for rate, names in trials.items()]
    rules = alt.Chart({"values": values}).encode(x=x)
    labels = rules.mark_text(align="left", dx=4, dy=-HEIGHT / 2 + 8).encode(text="trial:N")
    return alt.layer(drawing, rules.mark_rule(color="#868e96"), labels)


def curve_rows(harm: RuleHarm) -> list[Row]:
    """The curve as a table."""
    return [
        {
            "rate, 1/s": point.rate,
            "burst": point.burst,
            "attack requests refused": point.attack.requests,
            "others' requests refused": point.legitimate.requests,
            "others refused at all": point.legitimate.identities,
            "bound of their share": f"{point.upper:.2%}",
        }
        for point in harm.curve
    ]


def utc_tooltip(field: str) -> alt.Tooltip:
    """A time as it reads in the tables."""
    return alt.Tooltip(f"{field}:T", timeUnit="utcyearmonthdatehoursminutesseconds")


def to_words(name: str) -> str:
    """A column's name as people read it."""
    return name.replace("_", " ")


def total(values: Sequence[float | None]) -> float:
    """Sum of what is there."""
    return sum(value or 0.0 for value in values)


def rounded(cell: Cell) -> Cell:
    """A number that people can read."""
    return float(f"{cell:.4g}") if isinstance(cell, float) else cell


def to_utc(seconds: float) -> str:
    """`2026-11-24 04:18:16`."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
