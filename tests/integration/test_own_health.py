"""Own health by a real console process and a real warehouse, with the token that analytics has."""

import time
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from analytics.control import Control, Unreachable
from analytics.own_health import AWAY_S, SelfWatch, Watching
from kernel.control import SetLoop
from tests.integration.consoles import ANALYTICS, console
from tests.integration.proxies import eventually
from warehouse.health import HealthReader


def test_what_the_console_knows_becomes_conditions(
    policy: Path, tmp_path: Path, warehouse_client: Client, tenant: str
) -> None:
    with console(policy, tmp_path) as running:
        control = Control(running.url, "default", token=ANALYTICS, holder="watch")
        reader = HealthReader(warehouse_client, tenant)
        watch = SelfWatch(lambda: reader, control, Watching(objective=0.999))
        now = time.time()
        assert watch.look(now) == ()

        policy.write_text(policy.read_text() + "nonsense: 1\n")
        running.ask("PUT", "/v1/loop", SetLoop("default", True, "load test"))
        eventually(lambda: bool(running.status()["refused_policy"]), "the refused file")
        rejected, paused = watch.look(now)
        assert (rejected.name, paused.name) == ("policy-rejected", "loop-paused")
        assert "there is no field 'nonsense'" in rejected.summary

        running.kill()
        with pytest.raises(Unreachable):
            watch.look(now)
        told = [each.name for each in watch.look(now + AWAY_S)]
        assert told == ["console-away", "policy-rejected", "loop-paused"]
        control.close()
