"""Sessions: how they begin, end, and what proves a form to be ours."""

from console.web.sessions import MOST_SESSIONS, SESSION_S, Sessions, is_from_own_form
from tests.console.policies import Clock


class Counted:
    """Different bytes at each call."""

    def __init__(self) -> None:
        self._calls = 0

    def __call__(self, size: int) -> bytes:
        self._calls += 1
        return self._calls.to_bytes(size, "big")


def test_a_session_ends_by_its_time_and_by_signing_out() -> None:
    clock = Clock()
    sessions = Sessions(clock, Counted())
    first, second = sessions.begin("Bearer a"), sessions.begin("Bearer b")
    assert first.id != first.csrf
    assert sessions.of(first.id) == first
    sessions.end(second)
    assert sessions.of(second.id) is None
    clock.now += SESSION_S
    assert sessions.of(first.id) is None
    assert sessions.of("") is None


def test_where_there_are_too_many_the_oldest_ends() -> None:
    sessions = Sessions(Clock(), Counted())
    begun = [sessions.begin("Bearer a") for _ in range(MOST_SESSIONS + 1)]
    assert sessions.of(begun[0].id) is None
    assert sessions.of(begun[1].id) == begun[1]


def test_a_form_is_ours_by_its_csrf_token_and_its_site() -> None:
    session = Sessions(Clock(), Counted()).begin("Bearer a")
    assert is_from_own_form(session, session.csrf, fetch_site="same-origin")
    assert is_from_own_form(session, session.csrf, fetch_site="")
    assert not is_from_own_form(session, session.csrf, fetch_site="same-site")
    assert not is_from_own_form(session, "é", fetch_site="same-origin")
