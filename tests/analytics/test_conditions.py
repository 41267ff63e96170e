"""A condition travels as JSON."""

import msgspec

from analytics.conditions import Condition
from kernel.findings import Observation


def test_a_condition_is_the_same_after_a_journey_as_json() -> None:
    lost = Condition(
        name="telemetry-lost",
        labels={"proxy": "edge-1"},
        severity="warning",
        summary="edge-1 loses records",
        observations=(Observation(name="lost", observed=0.2, expected=0.01, unit="share"),),
    )

    assert msgspec.json.decode(msgspec.json.encode(lost), type=Condition) == lost
