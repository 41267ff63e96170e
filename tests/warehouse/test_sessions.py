"""Sessions: alone while busy, gone after their time, bounded."""

import pytest

from warehouse import sessions
from warehouse.sessions import SessionLocked, Sessions, SessionUnknown, TooManySessions


class Raw:
    """Stands where the engine's connection would."""

    def __init__(self) -> None:
        self.is_open = True

    def close(self) -> None:
        self.is_open = False


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def opened(raws: list[Raw]) -> Raw:
    raws.append(Raw())
    return raws[-1]


def test_a_session_keeps_its_connection() -> None:
    store, raws = Sessions[Raw](Clock()), list[Raw]()
    first = store.acquire(("u", "s"), lambda: opened(raws))
    store.release(("u", "s"), 60)
    assert store.acquire(("u", "s"), lambda: opened(raws)) is first
    assert len(raws) == 1


def test_a_session_is_of_one_user() -> None:
    store, raws = Sessions[Raw](Clock()), list[Raw]()
    mine = store.acquire(("a", "s"), lambda: opened(raws))
    assert store.acquire(("b", "s"), lambda: opened(raws)) is not mine


def test_a_busy_session_is_locked_for_others() -> None:
    store, raws = Sessions[Raw](Clock()), list[Raw]()
    store.acquire(("u", "s"), lambda: opened(raws))
    with pytest.raises(SessionLocked, match="Session s is locked"):
        store.acquire(("u", "s"), lambda: opened(raws))


def test_a_session_ends_after_its_time_without_a_request() -> None:
    clock, raws = Clock(), list[Raw]()
    store = Sessions[Raw](clock)
    store.acquire(("u", "s"), lambda: opened(raws))
    clock.now = 1e9  # busy sessions do not expire
    store.release(("u", "s"), 10)
    clock.now += 9
    store.acquire(("u", "s"), lambda: opened(raws), must_exist=True)
    store.release(("u", "s"), 10)
    clock.now += 10
    with pytest.raises(SessionUnknown):
        store.acquire(("u", "s"), lambda: opened(raws), must_exist=True)
    assert not raws[0].is_open


def test_an_idle_session_makes_room_for_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 2)
    store, raws = Sessions[Raw](Clock()), list[Raw]()
    for name in ("a", "b"):
        store.acquire(("u", name), lambda: opened(raws))
    with pytest.raises(TooManySessions):
        store.acquire(("u", "c"), lambda: opened(raws))
    store.release(("u", "a"), 60)
    store.acquire(("u", "c"), lambda: opened(raws))
    assert [raw.is_open for raw in raws] == [False, True, True]


def test_a_discarded_session_is_closed() -> None:
    store, raws = Sessions[Raw](Clock()), list[Raw]()
    store.acquire(("u", "s"), lambda: opened(raws))
    store.discard(("u", "s"))
    assert not raws[0].is_open
    store.acquire(("u", "t"), lambda: opened(raws))
    store.release(("u", "t"), 60)
    store.close()
    assert not raws[1].is_open
