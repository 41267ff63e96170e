"""Where subjects and objects are found, and what is made of them."""

import pytest

from kernel.hashing import keyed_hash
from proxy.signals import MOST_BODY_BYTES, find, signs_of, succeeded, to_integer
from tests.proxy.fakes import HASH_KEY, policy_text, snapshot_of

LOGIN = next(route for route in snapshot_of(policy_text(1)).routes if route.name == "login")


def test_subject_and_object_become_keyed_hashes() -> None:
    signs = signs_of(LOGIN, ("42",), b'{"user": {"name": "zora"}}', HASH_KEY)
    assert signs == (keyed_hash(b"zora", HASH_KEY), keyed_hash(b"42", HASH_KEY), 42)


def test_nothing_found_is_nothing_told() -> None:
    assert signs_of(LOGIN, ("",), b"", HASH_KEY) == (0, 0, -1)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"user": {"name": "a\\u0062"}}', "ab"),
        (b'{"user": {"name": 7}}', "7"),
        (b'{"user": {"name": null}}', ""),
        (b'{"user": {"name": true}}', ""),
        (b'{"user": ["name"]}', ""),
        (b"[]", ""),
        (b'{"x": 1, "user": {"name": "cut", "more": "' + b"x" * MOST_BODY_BYTES, "cut"),
        (b'{"user": {"name": 12, "more": "' + b"x" * MOST_BODY_BYTES, "12"),
        (b'{"user": {"name": "half', ""),
        (b"[" * 100_000, ""),
        (b"\xff\xfe", ""),
    ],
)
def test_json_is_read_whole_or_cut(body: bytes, text: str) -> None:
    assert find(("json", "user.name"), (), (), body) == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"user=zora&x=1", "zora"),
        (b"x=1&user=a%20b+c", "a b c"),
        (b"user=first&user=second", "first"),
        (b"users=x", ""),
        (b"a=b&" * 1_000, ""),
    ],
)
def test_forms_are_read(body: bytes, text: str) -> None:
    assert find(("form", "user"), (), (), body) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("42", 42), ("-1", -1), ("", -1), ("4a", -1), ("٤", -1), ("9" * 19, -1), ("9" * 30, -1)],
)
def test_only_integers_that_fit_are_kept_in_clear(text: str, value: int) -> None:
    assert to_integer(text) == value


def test_success_is_what_the_route_says() -> None:
    assert (succeeded(LOGIN.signals, 200), succeeded(LOGIN.signals, 403), succeeded(None, 200)) == (1, 0, -1)
