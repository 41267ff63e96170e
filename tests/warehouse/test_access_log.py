"""warehouse.access_log: golden lines, and a fuzz invariant: any bytes are an Entry or told."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.addresses import identity_of_address
from warehouse.access_log import (
    MAX_LINE_BYTES,
    Entry,
    Unreadable,
    lines_of,
    parse_line,
    parse_lines,
    parse_time,
)

REAL = Path(__file__).parents[3] / "shared/data/requests/apache_access/access.log"
COMBINED = (
    b'83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /a/b.png?x=1 HTTP/1.1" 200 203023 '
    b'"http://site.example/" "Mozilla/5.0 (X11)"'
)


def entry_of(line: bytes) -> Entry:
    found = parse_line(line, 7)
    assert isinstance(found, Entry), found
    return found


def test_a_combined_line_gives_every_field() -> None:
    entry = entry_of(COMBINED + b"\r\n")
    assert (entry.line, entry.at, entry.address.text) == (7, 1431857103.0, "83.149.9.216")
    assert (entry.method, entry.path, entry.protocol) == ("GET", "/a/b.png?x=1", "1.1")
    assert (entry.status, entry.size) == (200, 203023)
    assert (entry.referer, entry.user_agent) == ("http://site.example/", "Mozilla/5.0 (X11)")


def test_a_common_line_has_no_referer_and_no_user_agent() -> None:
    entry = entry_of(b'10.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 304 -')
    assert (entry.user, entry.status, entry.size, entry.user_agent) == ("frank", 304, 0, "")
    assert entry.at == 971211336.0


def test_further_fields_after_the_user_agent_are_ignored() -> None:
    assert entry_of(COMBINED + b' "1.2.3.4" 0.004 extra').user_agent == "Mozilla/5.0 (X11)"


def test_a_virtual_host_before_the_client_is_ignored() -> None:
    assert entry_of(b"shop.example:443 " + COMBINED).address.text == "83.149.9.216"


def test_escaped_quotes_and_bytes_inside_fields_are_undone() -> None:
    entry = entry_of(
        rb'::1 - - [17/May/2015:10:05:03 +0000] "GET /a\"b\\ HTTP/1.1" 200 1 "-" "say \"hi\" \xe4"'
    )
    assert (entry.address.version, entry.path, entry.user_agent) == (6, '/a"b\\', 'say "hi" ä')


@pytest.mark.parametrize(
    "request_line", [b"-", b"", rb"\x16\x03\x01\x00", b"GET", b"hello world", b"quit now please"]
)
def test_what_is_no_request_is_an_entry_without_one(request_line: bytes) -> None:
    entry = entry_of(b'1.2.3.4 - - [17/May/2015:10:05:03 +0000] "' + request_line + b'" 400 226 "-" "-"')
    assert not entry.has_request
    assert (entry.status, entry.path) == (400, "")


def test_a_request_without_a_status_has_status_0() -> None:
    assert entry_of(b'1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" - -').status == 0


def test_a_path_with_spaces_stays_whole() -> None:
    assert entry_of(b'1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /a b c HTTP/1.1" 404 1').path == "/a b c"


def test_a_host_name_becomes_one_stable_local_identity() -> None:
    line = b' - - [01/Jul/1995:00:00:01 -0400] "GET /history/ HTTP/1.0" 200 6245'
    first, again, other = (
        entry_of(name + line) for name in (b"unicomp6.net", b"Unicomp6.net", b"burger.net")
    )
    assert first.address == again.address
    assert first.address.text.startswith("fd")
    assert identity_of_address(first.address) != identity_of_address(other.address)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "empty line"),
        (b"# a comment", "not in the common or combined log format"),
        (COMBINED.replace(b"May", b"Mai"), "no such time: 17/Mai/2015:10:05:03 +0000"),
        (
            COMBINED.replace(b"17/", b"31/").replace(b"May", b"Feb"),
            "no such time: 31/Feb/2015:10:05:03 +0000",
        ),
        (COMBINED.replace(b"200 203023", b"2x0 1"), "not in the common or combined log format"),
        (COMBINED.replace(b"2015", b"1969"), "no such time: 17/May/1969:10:05:03 +0000"),
        (COMBINED.replace(b"2015", b"2106"), "no such time: 17/May/2106:10:05:03 +0000"),
        (b"a" * (MAX_LINE_BYTES + 1), "longer than 65536 bytes"),
    ],
)
def test_an_unreadable_line_is_told_with_its_reason(line: bytes, reason: str) -> None:
    found = parse_line(line, 3)
    assert isinstance(found, Unreadable)
    assert (found.line, found.reason) == (3, reason)


def test_a_leap_second_is_the_second_before_it() -> None:
    assert parse_time("30/Jun/2015:23:59:60 +0000") == parse_time("30/Jun/2015:23:59:59 +0000")
    assert parse_time("30/Jun/2015:23:59:61 +0000") is None


@given(st.binary(max_size=400))
def test_any_bytes_are_an_entry_or_told(line: bytes) -> None:
    found = parse_line(line, 1)
    assert isinstance(found, Entry | Unreadable)


@given(
    st.lists(
        st.sampled_from([b'"', b"\\", b"[", b"] ", b" - ", b"200", b"GET / HTTP/1.1", b"\xff", COMBINED[:46]])
    )
)
def test_any_shuffled_pieces_are_an_entry_or_told_and_can_be_written(pieces: list[bytes]) -> None:
    found = parse_line(b"".join(pieces), 1)
    text = found.text if isinstance(found, Unreadable) else found.path + found.user_agent + found.raw
    assert text.encode().decode() == text


@given(st.lists(st.binary(max_size=60)))
def test_there_are_as_many_results_as_lines(lines: list[bytes]) -> None:
    assert [found.line for found in parse_lines(lines)] == list(range(1, len(lines) + 1))


def test_an_endless_line_is_cut_and_the_next_line_is_found() -> None:
    file = io.BytesIO(b"x" * (3 * MAX_LINE_BYTES) + b"\n" + COMBINED + b"\n")
    lines = list(lines_of(file))
    assert [len(line) for line in lines] == [MAX_LINE_BYTES + 1, len(COMBINED) + 1]


def test_every_line_of_a_real_log_is_read() -> None:
    if not REAL.exists():
        pytest.skip(f"{REAL} is not here: the shared evaluation data is not part of the repository")
    with REAL.open("rb") as file:
        found = list(parse_lines(lines_of(file)))
    assert len(found) == 4525
    assert all(isinstance(each, Entry) and each.has_request for each in found)
