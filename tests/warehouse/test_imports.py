"""warehouse.imports: every line of a log is stored once or told, whatever its days."""

import io
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from kernel.check import read_policy
from kernel.compile import compile_policy
from kernel.events import NAMES, OTHER, Flag
from warehouse.access_log import Entry, parse_line
from warehouse.imports import (
    REST,
    RowMaker,
    Wanted,
    batches,
    busiest,
    by_policy,
    by_segment,
    entries_of,
    first_segment,
    import_log,
    outcome_of,
    survey,
)

REAL = Path(__file__).parents[3] / "shared/data/requests/apache_access/access.log"
KEY = b"0123456789abcdef"
POLICY = """
upstreams: [{name: site, url: "http://127.0.0.1:9"}]
routes:
  - {name: post, path: "/blog/{title}", upstream: site, methods: [GET]}
"""


def line(
    day: int = 17, path: str = "/blog/a", status: int | str = 200, agent: str = "x", month: str = "May"
) -> str:
    when = f"{day:02d}/{month}/2015:10:05:03 +0000"
    return f'10.0.0.{day} - - [{when}] "GET {path} HTTP/1.1" {status} 12 "-" "{agent}"'


def entry(text: str) -> Entry:
    found = parse_line(text.encode(), 1)
    assert isinstance(found, Entry)
    return found


def written(tmp_path: Path, lines: list[str]) -> Path:
    path = tmp_path / "access.log"
    path.write_text("\n".join(lines) + "\n")
    return path


def load(client: Client, path: Path, tenant: str) -> tuple[int, int, int, int]:
    done = import_log(client, Wanted(path, tenant, KEY), lambda sent, rows: None)
    return done.lines, done.stored, done.before, done.unreadable


def test_every_line_is_stored_or_told(warehouse_client: Client, tmp_path: Path, tenant: str) -> None:
    path = written(tmp_path, [line(17), "nonsense", line(18), "", line(17)])
    done = import_log(warehouse_client, Wanted(path, tenant, KEY), lambda sent, rows: None)
    assert (done.lines, done.stored, done.before, done.unreadable, done.days) == (5, 3, 0, 2, 2)
    assert [each.line for each in done.told] == [2, 4]


def test_importing_twice_doubles_nothing(warehouse_client: Client, tmp_path: Path, tenant: str) -> None:
    path = written(tmp_path, [line(17), line(18)])
    assert load(warehouse_client, path, tenant) == (2, 2, 0, 0)
    assert load(warehouse_client, path, tenant) == (2, 0, 2, 0)


def test_the_same_file_is_everybodys_own(warehouse_client: Client, tmp_path: Path, tenant: str) -> None:
    path = written(tmp_path, [line(17)])
    assert load(warehouse_client, path, tenant)[1] == 1
    assert load(warehouse_client, path, tenant + "-other")[1] == 1


def test_an_import_that_broke_off_goes_on(warehouse_client: Client, tmp_path: Path, tenant: str) -> None:
    path = written(tmp_path, [line(day) for day in (3, 4, 5)])

    def break_off(sent: int, rows: int) -> None:
        if sent == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        import_log(warehouse_client, Wanted(path, tenant, KEY), break_off)
    assert load(warehouse_client, path, tenant) == (3, 1, 2, 0)


def test_a_log_of_more_than_a_hundred_days_is_stored(
    warehouse_client: Client, tmp_path: Path, tenant: str
) -> None:
    months = ("Jan", "Feb", "Mar", "Apr", "May")
    path = written(tmp_path, [line(day, month=month) for month in months for day in range(1, 29)])
    assert load(warehouse_client, path, tenant) == (140, 140, 0, 0)


def test_an_empty_file_is_no_trouble(warehouse_client: Client, tmp_path: Path, tenant: str) -> None:
    path = tmp_path / "empty.log"
    path.touch()
    assert load(warehouse_client, path, tenant) == (0, 0, 0, 0)


def test_a_real_log_is_stored_to_its_last_line(warehouse_client: Client, tenant: str) -> None:
    if not REAL.exists():
        pytest.skip(f"{REAL} is not here: the shared evaluation data is not part of the repository")
    assert load(warehouse_client, REAL, tenant) == (4525, 4525, 0, 0)
    rows = warehouse_client.query(
        "SELECT countIf(status = 404), uniqExact(identity), sum(bytes_out)"
        " FROM imports WHERE tenant = {t:String}",
        parameters={"t": tenant},
    ).result_rows
    assert (rows[0][0], rows[0][1] > 500, rows[0][2]) == (93, True, 1_202_896_060)


def test_a_survey_counts_lines_days_and_segments() -> None:
    text = "\n".join([line(17, "/a/1"), line(18, "/a/2"), line(18, "/"), "x"]).encode()
    seen = survey(io.BytesIO(text))
    assert (seen.lines, seen.entries, len(seen.days), seen.segments) == (4, 3, 2, {"a": 2, "": 1})
    assert seen.last_at - seen.first_at == 86_400


def test_batches_are_of_one_day_and_the_same_each_time() -> None:
    text = "\n".join(line(day) for day in (3, 4, 3, 4, 3)).encode()
    made = [[each.line for each in batch] for batch in batches(entries_of(io.BytesIO(text)), size=2)]
    assert made == [[1, 3], [2, 4], [5]]


def test_the_busiest_plain_segments_get_routes_of_their_own() -> None:
    segments = {"blog": 5, "": 9, "a": 5, "z": 1, "%00<script>": 50, "rest": 9}
    assert busiest(segments, 2) == ("a", "blog")
    route_of = by_segment(("blog",))
    assert route_of(entry(line(path="/blog/a?x=1"))) == ("blog", "/blog/*")
    assert route_of(entry(line(path="/other"))) == (REST, "/*")
    assert first_segment("http://else.where/x") == ""


def test_a_policy_names_the_routes_where_one_is_given() -> None:
    policy = read_policy(POLICY, "policy.yaml", 0.0).policy
    assert policy is not None
    route_of = by_policy(compile_policy(policy, "r", KEY))
    assert route_of(entry(line(path="/blog/a?x=1"))) == ("post", "/blog/{title}")
    assert route_of(entry(line(path="/other"))) == ("", "")


def test_a_row_holds_what_the_log_says_and_no_path_or_user() -> None:
    maker = RowMaker("t", "import-1", by_segment(("blog",)), KEY)
    row = dict(zip(NAMES, maker.to_row(entry(line(path="/blog/secret?token=1", agent="Bot/1"))), strict=True))
    assert (row["route"], row["path"], row["status"], row["bytes_out"]) == ("blog", "/blog/*", 200, 12)
    assert (row["identity"], row["user_agent"], row["flags"]) == ("ip:10.0.0.17", "Bot/1", int(Flag.IMPORTED))
    assert not [value for value in row.values() if isinstance(value, str) and "secret" in value]


def test_the_dictionary_of_user_agents_is_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warehouse.imports.MAX_USER_AGENTS", 2)
    maker = RowMaker("t", "import-1", by_segment(()), KEY)
    agents = [maker.to_row(entry(line(agent=agent)))[NAMES.index("user_agent")] for agent in "abca"]
    assert agents == ["a", "b", OTHER, "a"]


@pytest.mark.parametrize(
    ("logged", "outcome"),
    [
        (line(), "completed"),
        (line(status="-"), "client_gone_waiting"),
        (line(status=499), "client_gone_waiting"),
        ('1.2.3.4 - - [17/May/2015:10:05:03 +0000] "-" 408 0 "-" "-"', "head_timeout"),
        (r'1.2.3.4 - - [17/May/2015:10:05:03 +0000] "\x16\x03" 400 0 "-" "-"', "bad_request"),
    ],
)
def test_the_outcome_is_what_the_log_tells(logged: str, outcome: str) -> None:
    assert outcome_of(entry(logged)) == outcome
