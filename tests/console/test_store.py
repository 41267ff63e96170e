"""The store: what is acknowledged stays, versions only grow, one holder at a time."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.schema import MIGRATIONS
from console.store import Store, UnreadableStore
from kernel.control import SeenProxy
from tests.console.policies import Clock, overlay


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sqlite"


@pytest.fixture
def store(path: Path, clock: Clock) -> Iterator[Store]:
    opened = Store(path, clock)
    yield opened
    opened.close()


def test_overlays_are_replaced_as_a_whole_and_the_version_grows(store: Store) -> None:
    first = store.version("default")
    second = store.replace_overlays("default", [overlay("b"), overlay("a")])
    third = store.replace_overlays("default", [overlay("c")])
    assert first < second < third
    assert store.overlays("default") == (overlay("c"),)


def test_the_same_overlays_again_are_no_news(store: Store) -> None:
    version = store.replace_overlays("default", [overlay("a"), overlay("b")])
    assert store.replace_overlays("default", [overlay("b"), overlay("a")]) == version


def test_tenants_do_not_see_each_other(store: Store) -> None:
    store.replace_overlays("default", [overlay("a")])
    store.set_loop("other", paused=True, reason="holiday")
    assert store.overlays("other") == ()
    assert not store.loop("default").paused


def test_everything_outlives_the_process(path: Path, clock: Clock) -> None:
    store = Store(path, clock)
    version = store.replace_overlays("default", [overlay()])
    store.set_loop("default", paused=True, reason="incident 12")
    store.take_lease("default", "analytics-1", 30)
    store.close()
    again = Store(path, clock)
    assert again.version("default") == version
    assert again.overlays("default") == (overlay(),)
    assert again.loop("default").reason == "incident 12"
    assert again.lease("default").holder == "analytics-1"
    again.close()


def test_a_later_store_never_repeats_versions_of_an_earlier_one(tmp_path: Path, clock: Clock) -> None:
    earlier = Store(tmp_path / "a", clock)
    old = earlier.replace_overlays("default", [overlay()])
    earlier.close()
    clock.now += 3_600
    later = Store(tmp_path / "b", clock)
    assert later.version("default") > old
    later.close()


def test_a_lease_is_renewed_by_its_holder_and_taken_by_others_when_it_has_expired(
    store: Store, clock: Clock
) -> None:
    assert store.take_lease("default", "one", 10).holder == "one"
    assert store.take_lease("default", "two", 10).holder == "one"
    clock.now += 5
    assert store.take_lease("default", "one", 10).expires_at == clock.now + 10
    clock.now += 10
    assert store.take_lease("default", "two", 10).holder == "two"


def test_proxies_silent_for_five_minutes_are_forgotten(store: Store, clock: Clock) -> None:
    store.see_proxy("default", SeenProxy("old", "r1", 1, clock.now))
    store.see_proxy("default", SeenProxy("new", "r2", 2, clock.now + 200))
    clock.now += 300
    assert [proxy.name for proxy in store.proxies("default")] == ["new", "old"]
    clock.now += 1
    assert [proxy.name for proxy in store.proxies("default")] == ["new"]


def test_a_commit_waits_for_the_disk(path: Path, store: Store) -> None:
    journal = sqlite3.connect(path)
    assert journal.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    journal.close()
    assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_migrations_are_applied_once_by_user_version(path: Path, clock: Clock) -> None:
    Store(path, clock).close()
    Store(path, clock).close()
    file = sqlite3.connect(path)
    assert file.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    file.close()


def test_a_store_of_a_newer_version_is_not_touched(path: Path, clock: Clock) -> None:
    file = sqlite3.connect(path)
    file.execute("PRAGMA user_version = 99")
    file.close()
    with pytest.raises(UnreadableStore, match="newer Tidegate"):
        Store(path, clock)


def test_a_file_that_is_no_store_is_told(path: Path, clock: Clock) -> None:
    path.write_bytes(b"this is not SQLite" * 100)
    with pytest.raises(UnreadableStore, match=r"control\.sqlite"):
        Store(path, clock)
