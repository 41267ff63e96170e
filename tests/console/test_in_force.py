"""Revoked keys as followers see them; overlays and the loop are in test_state."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.in_force import InForce
from console.state import open_state
from kernel.control import AuditEntry
from tests.console.policies import Clock, overlay
from tests.console.stored import locked

KEY = "ab" * 32


@pytest.fixture
async def state(tmp_path: Path, policy: Path, clock: Clock) -> AsyncIterator[InForce]:
    opened = open_state(tmp_path / "control.sqlite", policy, clock)
    yield opened
    await opened.close()


async def test_a_revoked_key_is_news_to_who_waits(state: InForce) -> None:
    waiting = asyncio.create_task(state.follow(state.revision, state.overlays_version, 20.0))
    await state.revoke_key(KEY, "leaked", author="ada")
    assert (await waiting).revoked == (KEY,)


async def test_what_analytics_sets_is_audited_and_renewals_are_not(state: InForce, clock: Clock) -> None:
    await state.take_lease("a-1", 30, author="of-analytics")
    await state.take_lease("a-1", 30, author="of-analytics")
    for number in range(20):  # a burst of news: one entry
        clock.now += 1
        await state.put_overlays("a-1", (overlay(rate=3.0 + number),), author="of-analytics")
    await state.put_overlays("a-1", (overlay(rate=22.0, expires_at=1_700.0),), author="of-analytics")
    told = [(each.author, each.what, each.object, each.times) for each in await entries(state)]
    assert told == [
        ("of-analytics", "set adaptive limit", "fair ip:192.0.2.7", 20),
        ("of-analytics", "take lease", "default", 1),
    ]


async def test_a_lease_that_another_takes_is_audited_with_its_name(state: InForce, clock: Clock) -> None:
    await state.take_lease("a-1", 30)
    held, _ = await state.take_lease("a-2", 30)
    clock.now += 61
    await state.take_lease("a-2", 30)
    assert not held
    assert [each.detail for each in await entries(state)] == ["a-2", "a-1"]


async def test_an_end_by_expiry_is_audited(state: InForce, clock: Clock) -> None:
    await state.take_lease("a-1", 30)
    await state.put_overlays("a-1", (overlay(expires_at=1_010.0),))
    clock.now += 10
    expiring = asyncio.create_task(state.expire_overlays())
    await state.follow(state.revision, state.overlays_version, 20.0)
    expiring.cancel()
    last = (await entries(state))[0]
    assert (last.author, last.detail) == ("expiry", "ip:192.0.2.7: its time is over; 0 values in force")


async def test_a_revocation_and_its_news_are_stored_as_one(
    state: InForce, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_: str) -> int:
        raise sqlite3.OperationalError("the disk is gone")

    monkeypatch.setattr(state._store, "raise_version", crash)
    with pytest.raises(sqlite3.OperationalError):
        await state.revoke_key(KEY, "leaked", author="ada")
    with pytest.raises(sqlite3.OperationalError):
        await state.set_loop(paused=True, reason="drill", author="ada")
    assert state._store.credentials.revoked_keys("default") == ()
    assert not state._store.loop("default").paused


async def entries(state: InForce) -> list[AuditEntry]:
    """What happened since the start, newest first."""
    return [each for each in state._store.audit.entries("default") if each.author != "file"]


async def test_revoking_a_key_again_changes_nothing(state: InForce) -> None:
    first = await state.revoke_key(KEY, "leaked", author="ada")
    version = state.overlays_version
    assert await state.revoke_key(KEY, "again", author="bob") == first
    assert (state.overlays_version, await state.revoked_keys()) == (version, (first,))


async def test_an_overlay_that_cannot_be_deleted_is_served_no_longer_than_it_holds(
    state: InForce, clock: Clock
) -> None:
    await state.take_lease("a-1", 30)
    version = await state.put_overlays("a-1", (overlay(expires_at=1_010.0),))
    clock.now += 10
    with locked(state._store), pytest.raises(sqlite3.OperationalError, match="locked"):
        await state.expire_overlays()
    assert (await state.follow("", 0, 0)).overlays == ()
    expiring = asyncio.create_task(state.expire_overlays())
    assert (await state.follow(state.revision, version, 20.0)).overlays_version > version
    expiring.cancel()
