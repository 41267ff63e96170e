"""A chart's columns and its table."""

import json
import math

from console.web.charts import TABLE_ROWS, Chart, Line


def chart(points: int) -> Chart:
    values = tuple(math.nan if each == 0 else each / 2 for each in range(points))
    return Chart("c", "C", "ms", tuple(float(each) for each in range(points)), (Line("half", values),))


def test_columns_are_json_and_what_is_missing_is_null() -> None:
    assert json.loads(chart(3).columns()) == {
        "unit": "ms",
        "times": [0, 1, 2],
        "span": None,
        "names": ["half"],
        "values": [[None, 0.5, 1.0]],
    }


def test_the_table_has_few_rows_evenly_spaced_the_newest_first() -> None:
    rows = chart(60).rows()
    assert len(rows) == TABLE_ROWS
    assert rows[0] == (59.0, (29.5,))
    assert {rows[each][0] - rows[each + 1][0] for each in range(len(rows) - 1)} == {5.0}


def test_a_chart_without_points_has_an_empty_table() -> None:
    assert chart(0).rows() == []
