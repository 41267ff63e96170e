"""What is drawn: lines with findings marked, and rows that people can read."""

from typing import Any

import altair as alt
import msgspec

from dashboards.asking import Columns
from kernel.replays import Bound, CurvePoint, Disagreement, ReplayReport, RuleHarm, Split
from notebooks.charts import (
    MOST_LINES,
    bars_chart,
    curve_chart,
    curve_rows,
    finding_rows,
    lines_chart,
    rows_of,
)
from tests.findings import burst

AT = 1_800_000_000.0
FINDING = burst("", AT, severity="critical", summary="fast")


def drawn(chart: alt.TopLevelMixin) -> list[dict[str, Any]]:
    """Every value that a chart holds."""
    return [each for values in chart.to_dict()["datasets"].values() for each in values]


def test_a_line_for_each_column_and_a_rule_for_each_finding_that_began_in_it() -> None:
    columns = Columns(("time", "p50", "p95"), ((AT, AT + 1), (1.0, 2.0), (3.0, None)))
    earlier = msgspec.structs.replace(FINDING, onset=AT - 3_600, kind="earlier")
    chart = lines_chart(columns, "milliseconds", [earlier, FINDING])
    values = drawn(chart)
    assert [each["value"] for each in values if each.get("line") == "p50"] == [1.0, 2.0]
    assert [each["value"] for each in values if each.get("line") == "p95"] == [3.0]
    assert [each["finding"] for each in values if "finding" in each] == ["D1 client-burst"]
    assert chart.to_dict()["layer"][0]["encoding"]["x"]["scale"] == {"type": "utc"}


def test_only_the_busiest_lines_are_drawn() -> None:
    names = tuple(f"r{number:02}" for number in range(12))
    columns = Columns(("time", "route", "rate"), ((AT,) * 12, names, tuple(range(12))))
    lines = {each["line"] for each in drawn(lines_chart(columns, "1/s")) if "line" in each}
    assert lines == set(names[-MOST_LINES:])


def test_rows_have_times_as_text_and_few_digits() -> None:
    assert rows_of(Columns(("time", "mean_ms"), ((AT,), (1.23456,)))) == [
        {"time": "2027-01-15 08:00:00", "mean ms": 1.235}
    ]
    assert rows_of(Columns((), ())) == []


def test_bars_keep_the_order_of_their_rows() -> None:
    chart = bars_chart(Columns(("identity", "n"), (("b", "a"), (2, 1))), "identity", "n")
    assert chart.to_dict()["encoding"]["y"]["sort"] is None
    assert [each["identity"] for each in drawn(chart)] == ["b", "a"]


def test_a_finding_about_all_says_so() -> None:
    (row,) = finding_rows([FINDING])
    assert (row["ended"], row["route"], row["identity"]) == ("still open", "all", "many")


def test_the_curve_tells_shares_and_marks_the_values() -> None:
    point = CurvePoint(2.0, 4, Split(50, 1), Split(1, 1), 0.2)
    harm = RuleHarm("r", "replayable", "", Split(), Split(), 0, Bound(1, 20, 0.1), (point,), ())
    report = ReplayReport(
        base="b",
        candidate="c",
        since=0.0,
        until=1.0,
        warmed_from=0.0,
        chosen_until=0.5,
        seen_attack=Split(100, 1),
        seen_legitimate=Split(10, 20),
        newly_attack=Split(),
        newly_legitimate=Split(),
        freed=Split(),
        rules=(harm,),
        bound=harm.bound,
        disagreement=Disagreement(0, 0),
        lost=0.0,
        took_s=1.0,
        caveats=(),
    )
    values = drawn(curve_chart(harm, report, {"A": 2.0, "B": 2.0}))
    assert [each["share"] for each in values if "share" in each] == [0.5, 0.1, 0.2]
    assert {"rate": 2.0, "trial": "A, B"} in values
    assert curve_rows(harm)[0]["bound of their share"] == "20.00%"
