"""lab.logfile: every line is a request or told; what is sent asks for what was logged."""

from pathlib import Path

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.logfile import EmptyLog, read_log, request_of, why_not
from warehouse.access_log import Entry, parse_line

LINE = '10.0.0.1 - - [17/May/2015:10:05:{second:02d} +0000] "{request}" {status} 12 "-" "{agent}"'


def line(second: int = 3, request: str = "GET /a HTTP/1.1", status: object = 200, agent: str = "x") -> str:
    return LINE.format(second=second, request=request, status=status, agent=agent)


def entry(text: str) -> Entry:
    found = parse_line(text.encode("utf-8", "surrogateescape"), 1)
    assert isinstance(found, Entry)
    return found


def test_every_line_is_an_entry_or_told_with_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    lines = [line(9), "nonsense", line(3), line(request="-", status=408), line(status=101), line(status="-")]
    path.write_text("\n".join(lines))
    log = read_log(path)
    assert (log.lines, len(log.entries), [each.line for each in log.told]) == (6, 2, [2, 4, 5, 6])
    assert [each.line for each in log.entries] == [3, 1]
    assert (log.length_s, log.first) == (6.0, log.entries[0].at)


def test_a_log_without_a_request_is_told(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text("nonsense\n")
    with pytest.raises(EmptyLog, match="none of its 1 lines"):
        read_log(path)


def test_reasons_name_what_is_wrong() -> None:
    assert why_not(entry(line())) == ""
    assert "no request" in why_not(entry(line(request="-")))
    assert "status 101" in why_not(entry(line(status=101)))


class Heard:
    """What a strict HTTP parser makes of the bytes."""

    def __init__(self, request: bytes) -> None:
        self.fields: dict[bytes, bytes] = {}
        self.target = b""
        self.ended = 0
        parser = httptools.HttpRequestParser(self)
        parser.feed_data(request)
        self.method = parser.get_method()

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields[name] = value

    def on_message_complete(self) -> None:
        self.ended += 1


def test_a_request_carries_the_logged_answer_and_the_client() -> None:
    heard = Heard(request_of(entry(line(request="HEAD /a?b=c HTTP/1.0", status=404)), "site"))
    assert (heard.method, heard.target) == (b"HEAD", b"/a?b=c")
    assert heard.fields[b"X-Answer"] == b"404 12"
    assert heard.fields[b"X-Forwarded-For"] == b"10.0.0.1"


@given(
    st.text(st.characters(blacklist_characters='"\n\\', blacklist_categories=["Cs"]), max_size=40),
    st.text(st.characters(blacklist_characters='"\n\\', blacklist_categories=["Cs"]), max_size=40),
)
def test_whatever_was_logged_is_sent_as_exactly_one_request(path: str, agent: str) -> None:
    found = parse_line(line(request=f"GET /{path} HTTP/1.1", agent=agent).encode(), 1)
    if isinstance(found, Entry) and found.has_request:
        assert Heard(request_of(found, "site")).ended == 1
