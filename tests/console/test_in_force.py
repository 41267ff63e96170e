"""Revoked keys as followers see them; overlays and the loop are in test_state."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.in_force import InForce
from console.state import open_state
from tests.console.policies import Clock

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


async def test_revoking_a_key_again_changes_nothing(state: InForce) -> None:
    first = await state.revoke_key(KEY, "leaked", author="ada")
    version = state.overlays_version
    assert await state.revoke_key(KEY, "again", author="bob") == first
    assert (state.overlays_version, await state.revoked_keys()) == (version, (first,))
