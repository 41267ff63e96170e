"""The compiled form."""

import msgspec
import pytest

from kernel.snapshot import NEVER, LimitPlan, RoutePlan, Snapshot
from tests.kernel.policies import NOW, snapshot


def test_a_snapshot_and_its_plans_cannot_be_changed() -> None:
    made = snapshot("limits: [{name: l, rate: 1/s, burst: 1}]")
    changed: list[tuple[msgspec.Struct, str]] = [
        (made, "revision"),
        (made.routes[0], "auth"),
        (made.routes[0].limits[0], "quota"),
    ]
    for plan, field in changed:
        with pytest.raises(AttributeError):
            setattr(plan, field, None)


def test_never_is_after_every_time() -> None:
    assert NEVER > NOW * 1e9


def test_the_hot_paths_plans_are_not_tracked_by_the_garbage_collector() -> None:
    assert LimitPlan.__struct_config__.gc is False
    assert {"routes", "matcher", "credentials"} <= set(Snapshot.__struct_fields__)
    assert "limits_by_plan" in RoutePlan.__struct_fields__
