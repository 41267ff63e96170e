"""Alerts from traffic to a real receiver, through `python -m analytics.main`: restart, dead sink, end."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from analytics.alerting import Alert
from analytics.sinks import signature
from tests.analytics.receiving import Receiver, receiving
from tests.console.policies import ADAPTIVE
from tests.console.serving import TOKEN, served
from tests.integration.proxies import DEADLINE_S, ROOT, eventually
from tests.integration.test_analytics_loop import EVENTFUL, Bench
from warehouse.deliveries import DeliveryRow, read_deliveries

SECRET = "of this test"
KIND = "client-burst"


@contextlib.contextmanager
def analytics(
    url: str, tenant: str, alerts: Path, *, control: str = "none"
) -> Iterator[subprocess.Popen[str]]:
    """The process; killed at the end where it still runs."""
    command = [sys.executable, "-m", "analytics.main", "--warehouse", url, "--control", control]
    command += ["--tenant", tenant, "--tick-ms", "50", "--alerts", str(alerts)]
    environment = {**os.environ, "TIDEGATE_CONTROL_TOKEN": TOKEN}
    with subprocess.Popen(
        command, stderr=subprocess.DEVNULL, text=True, cwd=ROOT, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture
def bench(warehouse_client: Client, tenant: str) -> Bench:
    bench = Bench(warehouse_client, tenant)
    bench.clock.start = int(time.time()) // 60 * 60 - 240
    bench.store(EVENTFUL)
    return bench


@pytest.fixture
def alerts(tmp_path: Path, receiver: Receiver) -> Path:
    """A file that names the receiver, and a sink that is not there."""
    (tmp_path / "secret").write_text(SECRET)
    path = tmp_path / "alerts.yaml"
    path.write_text(
        f"""
sinks:
  - {{name: dead, type: webhook, url: "http://127.0.0.1:9/hidden", secret_file: secret}}
  - {{name: hook, type: webhook, url: "{receiver.url}/in", secret_file: secret}}
resolve_after_s: 1
console_url: http://127.0.0.1:8090
"""
    )
    return path


def told(receiver: Receiver) -> list[Alert]:
    """What was told of the burst."""
    return [alert for alert in receiver.alerts() if alert.name == KIND]


def deliveries(bench: Bench, sink: str) -> list[DeliveryRow]:
    """What is written down of the burst, the alert before its resolution."""
    rows = read_deliveries(bench.client, bench.tenant, 0.0)
    return sorted((row for row in rows if row.sink == sink and row.name == KIND), key=lambda row: row.state)


def test_an_incident_is_told_once_over_a_restart_and_a_dead_sink_is_seen(
    warehouse_url: str, bench: Bench, receiver: Receiver, alerts: Path
) -> None:
    bench.account(44.0, time.time())
    with analytics(warehouse_url, bench.tenant, alerts):
        eventually(lambda: told(receiver), "the burst is told")
        eventually(lambda: [each.delivered for each in deliveries(bench, "hook")] == [True], "and noted")
        eventually(lambda: deliveries(bench, "dead")[0].failure, "the dead sink's failure is noted")
    (fired,) = told(receiver)
    assert (fired.state, fired.evidence) == ("firing", "ip:203.0.113.9")
    assert fired.observations[0].observed > fired.observations[0].expected
    assert fired.page == f"http://127.0.0.1:8090/findings/{bench.findings()[0].id}"
    bench.account(140.0, time.time())
    with analytics(warehouse_url, bench.tenant, alerts) as process:
        eventually(lambda: len(told(receiver)) == 2, "it is over")
        eventually(lambda: len(deliveries(bench, "hook")) == 2, "and noted")
        process.terminate()
        assert process.wait(DEADLINE_S) == 0
    over = told(receiver)[1]
    assert (over.id, over.state, over.labels) == (fired.id, "resolved", fired.labels)
    for taken in receiver.taken:
        at_s = int(taken.signature.removeprefix("t=").partition(",")[0])
        assert taken.signature == signature(SECRET.encode(), taken.body, at_s)
    assert [each.delivered for each in deliveries(bench, "hook")] == [True, True]
    first, last = deliveries(bench, "dead")
    assert (first.failure, last.delivered) == ("its resolution is told in its place", False)
    stored = bench.client.query("SELECT * FROM deliveries").result_rows
    assert "hidden" not in str(stored)


@pytest.mark.slow
def test_of_two_processes_one_tells_and_the_other_goes_on_where_it_dies(
    warehouse_url: str, bench: Bench, receiver: Receiver, alerts: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(f"tenant: {bench.tenant}\n{ADAPTIVE}")
    bench.account(44.0, time.time())
    with served(tmp_path, policy, time.time) as control, contextlib.ExitStack() as second:
        with analytics(warehouse_url, bench.tenant, alerts, control=control.url):
            eventually(lambda: told(receiver), "the first tells")
            second.enter_context(analytics(warehouse_url, bench.tenant, alerts, control=control.url))
            time.sleep(5.0)  # for the second to take part
        bench.account(140.0, time.time())
        eventually(lambda: len(told(receiver)) == 2, "the second resolves it", within_s=40.0)
    assert [each.state for each in told(receiver)] == ["firing", "resolved"]
    assert len({each.id for each in told(receiver)}) == 1


def test_a_wrong_alerts_file_ends_the_process_at_once(
    warehouse_url: str, tenant: str, tmp_path: Path
) -> None:
    path = tmp_path / "alerts.yaml"
    path.write_text("sinks: 3\n")
    with analytics(warehouse_url, tenant, path) as process:
        assert process.wait(DEADLINE_S) == 2
