"""What facts become, and which revision a write names."""

import sqlite3

import pytest
from starlette.requests import Request

from console.answers import Refused, Trouble, expected_of, to_problem, trouble_of
from console.facts import NotOpen, Stale, Unknown


def request(if_match: str | None) -> Request:
    headers = [] if if_match is None else [(b"if-match", if_match.encode())]
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize(
    ("field", "expected"),
    [('"r1"', "r1"), ("r1", "r1"), ('"r0", W/"now"', "now"), ("*", "now"), ('"now"', "now")],
)
def test_if_match_names_the_revision_that_a_write_was_made_for(field: str, expected: str) -> None:
    assert expected_of(request(field), "now") == expected


@pytest.mark.parametrize("field", [None, "", " , "])
def test_a_write_without_if_match_is_told_what_to_send(field: str | None) -> None:
    with pytest.raises(Refused, match="If-Match") as refused:
        expected_of(request(field), "now")
    assert refused.value.trouble.status == 428


def test_a_stale_write_is_told_the_revision_in_force() -> None:
    answer = to_problem(trouble_of(Stale("r7")))
    assert (answer.status_code, answer.headers["etag"]) == (412, '"r7"')
    assert b'"revision":"r7"' in bytes(answer.body)


@pytest.mark.parametrize(
    ("fact", "status"), [(Unknown("x"), 404), (NotOpen("x"), 409), (sqlite3.Error("x"), 503)]
)
def test_each_fact_has_its_status(fact: Exception, status: int) -> None:
    assert trouble_of(fact) == Trouble(trouble_of(fact).title, status, trouble_of(fact).detail)
