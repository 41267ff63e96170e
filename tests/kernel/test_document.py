"""Documents read by the types: values, and every problem with its place."""

import datetime as dt

import pytest

from kernel.document import read_document
from kernel.policy import Policy
from kernel.problems import GaveUp, Report
from tests.kernel.policies import ROUTES, UPSTREAMS, policy, problems, told


def limit(fields: str) -> str:
    return f"limits: [{{name: l, rate: 1/s, burst: 1, {fields}}}]\n"


@pytest.mark.parametrize(
    ("written", "per_second"),
    [("10/s", 10.0), ("600/min", 10.0), ("3600/h", 1.0), ("86400/d", 1.0), ("0.5/s", 0.5), ("100000/s", 1e5)],
)
def test_a_rate_becomes_requests_per_second(written: str, per_second: float) -> None:
    assert policy(f"limits: [{{name: l, rate: {written}, burst: 1}}]").limits[0].rate == per_second


@pytest.mark.parametrize(
    "written", ["10", "10/m", "ten/s", "-1/s", "1/0s", "1e3/s", "10 /s", "/s", "1./s", "''"]
)
def test_what_is_no_rate_is_told_how_to_write_one(written: str) -> None:
    (found,) = problems(UPSTREAMS + ROUTES + f"limits: [{{name: l, rate: {written}, burst: 1}}]")
    assert found.field == "limits[0].rate"
    assert "600/min" in found.todo


@pytest.mark.parametrize("written", ["0/s", "100001/s"])
def test_a_rate_has_bounds(written: str) -> None:
    assert "out of range" in told(f"limits: [{{name: l, rate: {written}, burst: 1}}]")[0]


def test_mode_off_is_text_and_not_false() -> None:
    assert policy(limit("mode: off")).limits[0].mode == "off"


@pytest.mark.parametrize("written", ["1:30", "0123", "'12'", "yes", "1_000"])
def test_what_only_looks_like_an_integer_is_refused_as_one(written: str) -> None:
    found = told(f"max_body_bytes: {written}")
    assert len(found) == 1
    assert found[0].startswith("max_body_bytes: expected an integer")


def test_integers_are_decimal_octal_or_hexadecimal_as_in_yaml_1_2() -> None:
    assert policy("max_body_bytes: 0x10").max_body_bytes == 16
    assert policy("max_body_bytes: 0o17").max_body_bytes == 15
    assert policy("max_body_bytes: 10").max_body_bytes == 10


def test_a_number_of_a_million_digits_is_refused_and_not_computed() -> None:
    assert told(f"max_body_bytes: {'9' * 1_000_000}") == [
        f"max_body_bytes: '{'9' * 59}…' has too many digits"
    ]


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2030-01-02T03:04:05Z", dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC)),
        ("2030-01-02t03:04:05.25z", dt.datetime(2030, 1, 2, 3, 4, 5, 250_000, tzinfo=dt.UTC)),
        ("'2030-01-02 03:04:05+02:00'", dt.datetime(2030, 1, 2, 1, 4, 5, tzinfo=dt.UTC)),
    ],
)
def test_times_are_rfc_3339_with_an_offset(written: str, at: dt.datetime) -> None:
    assert policy(limit(f"expires_at: {written}")).limits[0].expires_at == at


@pytest.mark.parametrize(
    "written",
    ["2030-01-02", "2030-01-02T03:04:05", "2030-13-02T03:04:05Z", "tomorrow", "1893553445", "2030-W01"],
)
def test_what_is_no_time_is_told_how_to_write_one(written: str) -> None:
    (found,) = problems(UPSTREAMS + ROUTES + limit(f"expires_at: {written}"))
    assert found.field == "limits[0].expires_at"


def test_a_key_may_be_a_word_or_a_mapping() -> None:
    assert policy(limit("key: route")).limits[0].key == "route"
    assert getattr(policy(limit("key: {header: X-Id}")).limits[0].key, "header", None) == "X-Id"
    assert told(limit("key: colour")) == ["limits[0].key: 'colour' is not possible here"]
    assert told(limit("key: {heder: X-Id}")) == ["limits[0].key.heder: there is no field 'heder'"]


def test_every_problem_is_told_at_once_with_line_and_column() -> None:
    text = """\
tenant: 0x12
upstreams:
  - {name: shop, url: "http://127.0.0.1:9000", max_connections: 0}
  - nam: bank
    url: http://127.0.0.1:9001
routes:
  - name: all
    path: /*
    upstream: bank
    auth: true
    methods: GET
limits:
  - {name: l, rate: 10, burst: 1.5}
  - 3
acess: []
"""
    assert [(each.line, each.column, each.field) for each in problems(text) if each.severity == "error"] == [
        (1, 9, "tenant"),
        (3, 65, "upstreams[0].max_connections"),
        (4, 5, "upstreams[1].nam"),
        (10, 11, "routes[0].auth"),
        (11, 14, "routes[0].methods"),
        (13, 21, "limits[0].rate"),
        (13, 32, "limits[0].burst"),
        (14, 5, "limits[1]"),
        (15, 1, "acess"),
    ]


def test_an_unknown_field_is_told_with_what_it_may_mean() -> None:
    found = problems(UPSTREAMS + ROUTES + limit("brust: 2"))
    assert [each.todo for each in found] == [
        "Fields here: name, mode, canary, expires_at, routes, reason, key, rate, burst, plans, adaptive."
    ]
    found = problems(UPSTREAMS + ROUTES + "limits: [{name: l, rate: 1/s, brust: 2}]")
    assert [each.todo for each in found] == ["Did you mean `burst`?"]


def test_a_misspelt_field_is_read_as_what_it_means_so_that_nothing_else_is_told() -> None:
    assert told("routes: [{name: r, path: /, upstrem: shop}]", routes=False) == [
        "routes[0].upstrem: there is no field 'upstrem'"
    ]


def test_a_key_given_twice_is_refused_with_both_places() -> None:
    (found,) = problems(UPSTREAMS + ROUTES + "max_body_bytes: 1\nmax_body_bytes: 2\n")
    assert (found.line, found.column, found.field) == (4, 1, "max_body_bytes")
    assert "line 3" in found.todo


def test_a_missing_field_is_told_at_the_mapping_that_lacks_it() -> None:
    found = problems("upstreams:\n  - name: shop\nroutes: []\n")
    assert ("upstreams[0].url", 2, 5) in [(each.field, each.line, each.column) for each in found]


@pytest.mark.parametrize(
    ("text", "what"), [("", "empty"), ("# nothing\n", "empty"), ("[]", "a list"), ("x", "text")]
)
def test_a_document_that_is_no_mapping_is_told_what_it_is(text: str, what: str) -> None:
    (found,) = problems(text)
    assert what in found.what
    assert (found.line, found.column, found.field) == (1, 1, "")


def test_null_means_absent_only_where_a_field_may_be_absent() -> None:
    assert (
        policy("routes: [{name: r, path: /, upstream: shop, host: null}]", routes=False).routes[0].host
        is None
    )
    assert told("limits:\n") == ["limits: expected a list, found nothing"]
    assert told("max_body_bytes: ~") == [
        "max_body_bytes: expected an integer at least 0 and at most 1099511627776, found nothing"
    ]


@pytest.mark.parametrize("value", ['"a\\r\\nSet-Cookie: x"', '"a\\0b"', '"a\\nb"', '"a\\u2028b"', '"\\x85"'])
def test_no_value_can_end_a_header_field(value: str) -> None:
    assert "control character" in told(limit(f"reason: {value}"))[0]
    assert "control character" in told(f"api_key_header: {value}")[0]


def test_numbers_and_booleans_are_no_text_unless_quoted() -> None:
    (found,) = problems(UPSTREAMS + ROUTES + "plans: [{name: 12}]")
    assert found.todo == "Write it in quotes: '12'."
    assert policy("plans: [{name: '12'}]").plans[0].name == "12"


def test_merge_keys_tags_and_keys_that_are_no_names_are_refused() -> None:
    assert "Merge keys" in problems(UPSTREAMS + ROUTES + "telemetry: {<<: {}}")[0].todo
    assert "tag" in told("tenant: !!python/name:os.system x")[0]
    assert told("telemetry: {? [a] : b}") == ["telemetry.?: a key must be a name"]


def test_a_secret_in_the_wrong_place_is_never_shown() -> None:
    wrong = [
        "consumers: [{name: c, keys: [tg_secret]}]",
        "consumers: [{name: c, keys: tg_secret}]",
        "consumers: [{name: c, keys: [{sha256: tg_secret}]}]",
        "consumers: [{name: c, keys: [{sha256: 8675309}]}]",
        "consumers: [{name: c, keys: [{key: tg_secret}]}]",
    ]
    for text in wrong:
        found = problems(UPSTREAMS + ROUTES + text)
        assert any(each.severity == "error" for each in found)
        assert not [each for each in found if "secret" in each.text() or "8675309" in each.text()]
    assert "tidegate keys create" in problems(UPSTREAMS + ROUTES + wrong[0])[0].todo


def test_an_alias_gives_its_anchors_value() -> None:
    shared = policy(
        "routes:\n  - {name: a, path: /a, upstream: shop, timeouts: &t {idle_ms: 9}}\n"
        "  - {name: b, path: /b, upstream: shop, timeouts: *t}\n",
        routes=False,
    )
    assert shared.routes[0].timeouts == shared.routes[1].timeouts


def test_aliases_cannot_multiply_without_bound() -> None:
    text = UPSTREAMS + "routes: []\nallow_list: &a [" + "x, " * 1_000 + "]\n"
    text += "access:\n" + "  - {name: r, action: deny, networks: *a}\n" * 1_000
    with pytest.raises(GaveUp, match="aliases"):
        read_document(text, Report("p.yaml"))


def test_a_ring_of_aliases_ends() -> None:
    assert problems("&r {upstreams: *r, routes: [*r], telemetry: *r}")


def test_stand_ins_keep_indices_so_that_later_items_are_judged_in_their_place() -> None:
    report = Report("p.yaml")
    value = read_document(UPSTREAMS + ROUTES + "limits: [3, {name: l, rate: 1/s, burst: 1}]", report)
    assert isinstance(value, Policy)
    assert [each.name for each in value.limits] == ["", "l"]
    assert report.failed


def test_a_stand_in_is_of_the_type_that_was_wanted() -> None:
    assert told("routes: [{name: r, path: /, upstream: shop, methods: [1]}]", routes=False) == [
        "routes[0].methods[0]: expected text, found an integer '1'"
    ]
