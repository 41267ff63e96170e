"""lab.policies: what the lab writes are policies that the gateway takes."""

import pytest

from kernel.check import read_policy
from lab.policies import demo_policy, log_policy
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
