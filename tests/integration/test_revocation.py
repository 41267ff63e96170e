"""A revoked key and a new revision reach a proxy that waits in its long poll."""

import asyncio
from pathlib import Path

from proxy.sources import ControlSource, control_client
from tests.console.policies import ADAPTIVE, Clock
from tests.console.serving import PATIENCE_S, Served, served
from tests.proxy.around import intake_at

KEY = "ab" * 32
WITH_KEY = ADAPTIVE.replace("  - name: partner\n", f"  - {{name: partner, keys: [{{sha256: {KEY}}}]}}\n")


async def revoked_while_waiting(control: Served, source: ControlSource) -> None:
    assert await source.poll()
    assert source.intake.holder.snapshot.credentials
    waiting = asyncio.create_task(source.poll(int(PATIENCE_S)))
    call = control.call.post
    asked = {"sha256": KEY, "reason": "leaked"}
    answer = await asyncio.to_thread(lambda: call("/v1/keys/revoke", json=asked))
    assert answer.status_code == 200
    assert await waiting
    assert source.intake.holder.snapshot.credentials == {}
    assert source.intake.holder.applied == 1


def test_a_revoked_key_is_refused_by_a_proxy_that_waits(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(WITH_KEY)

    async def follow(control: Served) -> None:
        async with control_client(control.url, "of-proxy") as client:
            await revoked_while_waiting(control, ControlSource(client, "default", intake_at(tmp_path)))

    with served(tmp_path, policy, Clock()) as control:
        asyncio.run(follow(control))
