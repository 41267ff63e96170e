"""Credentials: three ways to send them, one answer to all that are wrong."""

import base64

import pytest

from warehouse.users import Unauthenticated, User, Users

USERS = Users((User("default", "s3cret:with colon"), User("reader", "", read_only=True)))


def basic(text: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    ("headers", "parameters"),
    [
        (basic("default:s3cret:with colon"), {}),
        ({"x-clickhouse-user": "default", "x-clickhouse-key": "s3cret:with colon"}, {}),
        ({}, {"user": "default", "password": "s3cret:with colon"}),
        ({}, {"password": "s3cret:with colon"}),
    ],
)
def test_credentials_come_by_basic_header_or_parameter(
    headers: dict[str, str], parameters: dict[str, str]
) -> None:
    assert USERS.authenticate(headers, parameters).name == "default"


@pytest.mark.parametrize(
    ("headers", "parameters"),
    [
        (basic("default:wrong"), {}),
        (basic("nobody:"), {}),
        (basic("default"), {}),
        ({}, {}),
        ({}, {"user": "nobody"}),
        ({"authorization": "Basic !!!"}, {"password": "s3cret:with colon"}),
        ({"authorization": "Bearer s3cret:with colon"}, {}),
        ({"x-clickhouse-user": "default"}, {"password": "s3cret:with colon"}),
    ],
)
def test_wrong_credentials_are_refused(headers: dict[str, str], parameters: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated):
        USERS.authenticate(headers, parameters)


def test_the_reader_may_only_read() -> None:
    assert USERS.authenticate(basic("reader:"), {}).read_only
