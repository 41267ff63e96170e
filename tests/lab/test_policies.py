"""lab.policies: what the lab writes is what the gateway takes."""

from pathlib import Path

import pytest

from analytics.alerts_file import read_alerts_file
from kernel.check import read_policy
from lab.policies import alerts_file, demo_policy, log_policy
from lab.population import draw_population, keys_of
from lab.scenario import GREEDY_RATE


@pytest.mark.parametrize(
    "text",
    [
        demo_policy("http://127.0.0.1:9000", keys_of(draw_population(1))),
        log_policy("http://127.0.0.1:9000", ["blog", "favicon.ico"]),
        log_policy("http://127.0.0.1:9000", []),
    ],
)
def test_a_written_policy_is_a_good_one(text: str) -> None:
    reading = read_policy(text, "policy.yaml", 1.8e9)
    assert not reading.problems


def test_the_demos_static_limit_does_not_stop_the_greedy_client() -> None:
    text = demo_policy("http://127.0.0.1:9000", keys_of(draw_population(1)))
    assert "rate: 400/s" in text
    policy = read_policy(text, "policy.yaml", 1.8e9).policy
    assert policy is not None
    (limit,) = policy.limits
    assert limit.rate > GREEDY_RATE[1]


def test_the_written_alerts_file_tells_the_receiver_with_its_secret(tmp_path: Path) -> None:
    secret, written = tmp_path / "alerts.secret", tmp_path / "alerts.yaml"
    secret.write_text("5ecret")
    secret.chmod(0o600)
    written.write_text(alerts_file("http://127.0.0.1:9/alerts", secret, console_url="http://127.0.0.1:8090"))
    found = read_alerts_file(written, {})
    (sink,) = found.sinks
    assert (sink.type, sink.url) == ("webhook", "http://127.0.0.1:9/alerts")
    assert found.resolve_after_s == 5.0
