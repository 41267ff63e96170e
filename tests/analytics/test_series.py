from analytics.series import DEPTH, FRESH_S, MOST_ROWS, Rows, SeriesTrail
from tests.analytics.traffic import Request, windows_of


def one(at: float, route: str = "orders", status: int = 200) -> Request:
    return Request(at, "a", route, status, 1_000, 100)


def test_an_upstream_is_the_sum_of_its_routes() -> None:
    trail = SeriesTrail()
    columns, _ = trail.enter(windows_of([one(0.1), one(0.2, "search"), one(0.3, "search", 500)])[0])
    by_name = dict(zip([trail.rows.names[row] for row in columns.rows], columns.of("requests"), strict=True))
    assert by_name == {"route:orders": 1.0, "route:search": 2.0, "upstream:shop": 3.0}
    assert columns.of("failures").sum() == 2.0


def test_recent_windows_come_latest_first_and_gaps_are_left_out() -> None:
    trail = SeriesTrail()
    for window in windows_of([one(0.0), one(50.0), one(50.1), one(100.0), one(100.1), one(100.2)]):
        _, recent = trail.enter(window)
    assert recent.of("requests")[0, :4].tolist() == [3.0, 2.0, 1.0, 0.0]


def test_old_windows_are_no_part_of_what_goes_on() -> None:
    trail = SeriesTrail()
    for window in windows_of([one(0.0), one(FRESH_S + 1.0)]):
        _, recent = trail.enter(window)
    assert recent.of("requests")[0].sum() == 1.0


def test_only_so_many_windows_are_kept() -> None:
    trail = SeriesTrail()
    for window in windows_of([one(float(second)) for second in range(DEPTH * 2)]):
        _, recent = trail.enter(window)
    assert recent.of("requests").shape[1] == DEPTH
    assert recent.of("requests")[0].sum() == DEPTH


def test_rows_past_the_cap_have_none() -> None:
    rows = Rows()
    for name in range(MOST_ROWS):
        rows.number(f"route:{name}", "")
    assert rows.number("route:another", "") == -1
    assert rows.find("route:0") == 0
