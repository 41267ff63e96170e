"""Macros and variables, one by one."""

import pytest

from dashboards.expansion import ALL, NotExpandable, TimeRange, expand, expand_back_end, names_of, quote

SPAN = TimeRange(1000, 1600, points=60)


@pytest.mark.parametrize(
    ("sql", "expanded"),
    [
        ("$__timeFilter(t)", "t >= toDateTime(1000) AND t <= toDateTime(1600)"),
        (
            "$__timeFilter_ms(x.t)",
            "x.t >= fromUnixTimestamp64Milli(1000000) AND x.t <= fromUnixTimestamp64Milli(1600000)",
        ),
        ("$__timeInterval(f(t, 1))", "toStartOfInterval(toDateTime(f(t, 1)), INTERVAL 10 second)"),
        ("n / $__interval_s", "n / 10"),
        ("$__fromTime, $__toTime", "toDateTime(1000), toDateTime(1600)"),
        ("$__toTime - 300", "toDateTime(1600) - 300"),
    ],
)
def test_the_back_ends_macros(sql: str, expanded: str) -> None:
    assert expand_back_end(sql, SPAN) == expanded


@pytest.mark.parametrize(
    ("chosen", "expanded"),
    [
        (ALL, "1=1"),
        ((ALL,), "1=1"),
        ("a", "r IN ('a')"),
        (("a", "b"), "r IN ('a','b')"),
    ],
)
def test_a_condition_is_left_out_where_all_are_chosen(chosen: str | tuple[str, ...], expanded: str) -> None:
    sql = "$__conditionalAll(r IN (${route:singlequote}), $route)"
    assert expand(sql, SPAN, {"route": chosen}) == expanded


def test_a_value_cannot_leave_its_quotes() -> None:
    assert expand("${v:singlequote}", SPAN, {"v": "it's \\"}) == "'it\\'s \\\\'"
    assert quote("a') OR 1=1 --") == "'a\\') OR 1=1 --'"


@pytest.mark.parametrize("value", ["$__interval_s(", "$__nonsense", "$nobody", "${v:csv}", "$__all"])
def test_a_value_is_no_sql_of_ours(value: str) -> None:
    sql = "r IN (${v:singlequote}) AND $__interval_s < (2)"
    assert expand(sql, SPAN, {"v": value}) == f"r IN ('{value}') AND 10 < (2)"


@pytest.mark.parametrize(
    "sql", ["$__nonsense(t)", "${nobody}", "$nobody", "${v:csv}", "$__timeFilter(t", "$__conditionalAll(a)"]
)
def test_what_is_not_known_is_refused(sql: str) -> None:
    with pytest.raises(NotExpandable):
        expand(sql, SPAN, {"v": "1"})


def test_variables_are_told_from_macros() -> None:
    assert names_of("${a:singlequote} $b $__timeFilter(t) $__interval_s") == {"a", "b"}


@pytest.mark.parametrize(("seconds", "step"), [(10, 1), (600, 10), (601, 15), (86_400, 1800), (9e9, 86_400)])
def test_steps_are_named_ones_that_fit_the_chart(seconds: float, step: int) -> None:
    assert TimeRange(0, seconds, points=60).interval_s == step
