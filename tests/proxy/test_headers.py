"""Sorting of header fields by spelling-independent codes."""

import pytest

from proxy import headers
from proxy.headers import (
    MOST_SPELLINGS,
    Ambiguous,
    connection_options,
    request_codes,
    sort_fields,
    strip_named,
)

CODES = request_codes(b"x-api-key", [b"x-team"])


def test_spelling_does_not_matter_and_is_remembered() -> None:
    codes = request_codes(b"x-api-key", [])
    assert [codes[name] for name in (b"Host", b"HOST", b"hOsT")] == [headers.HOST] * 3
    assert b"HOST" in codes


def test_remembered_spellings_are_bounded() -> None:
    codes = request_codes(b"x-api-key", [])
    for at in range(2 * MOST_SPELLINGS):
        assert codes[b"x-%d" % at] == headers.PLAIN
    assert len(codes) == MOST_SPELLINGS


def test_names_that_a_cgi_would_fold_into_a_gateways_field_are_dropped() -> None:
    assert CODES[b"X_Consumer"] == CODES[b"X_Forwarded_For"] == CODES[b"X_Api_Key"] == headers.DROP
    assert CODES[b"X_Own"] == headers.PLAIN


def test_fields_are_forwarded_noted_or_dropped() -> None:
    names = [b"Host", b"User-Agent", b"X-Team", b"TE", b"X-Api-Key", b"X-Own"]
    noted, lines = sort_fields(names, [b"h", b"a", b"t", b"x", b"k", b"o"], CODES)
    assert noted == {
        headers.HOST: b"h",
        headers.USER_AGENT: b"a",
        headers.LIMIT: b"t",
        headers.API_KEY: b"k",
    }
    assert b"".join(lines) == b"User-Agent: a\r\nX-Team: t\r\nX-Own: o\r\n"


def test_lists_are_joined_and_singles_are_not() -> None:
    noted, _ = sort_fields([b"Via", b"via"], [b"1.1 a", b"1.1 b"], CODES)
    assert noted == {headers.VIA: b"1.1 a, 1.1 b"}
    with pytest.raises(Ambiguous, match="Host is repeated"):
        sort_fields([b"Host", b"Host"], [b"a", b"b"], CODES)


def test_what_connection_names_goes_unless_somebody_relies_on_it() -> None:
    named = connection_options(b"close, X-Own ,, TE")
    assert named == {b"close", b"x-own", b"te"}
    noted, lines = strip_named([b"X-Own", b"Host", b"X-Kept"], [b"1", b"h", b"2"], CODES, named)
    assert noted == {headers.HOST: b"h"}
    assert b"".join(lines) == b"X-Kept: 2\r\n"
    for name in (b"host", b"x-api-key", b"content-encoding", b"x-consumer", b"x-team", b"via"):
        with pytest.raises(Ambiguous):
            strip_named([], [], CODES, frozenset({name}))
