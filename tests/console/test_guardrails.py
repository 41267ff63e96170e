"""What automation may not set."""

import math

import msgspec
import pytest

from console.guardrails import LONGEST_TTL_S, MOST_OVERLAYS, objections
from kernel.check import read_policy
from kernel.findings import Overlay
from kernel.policy import Policy
from tests.console.policies import ADAPTIVE, overlay

NOW = 1_000.0


@pytest.fixture(scope="module")
def policy() -> Policy:
    read = read_policy(ADAPTIVE, "policy.yaml", NOW).policy
    assert read is not None
    return read


def test_an_overlay_within_floor_and_ceiling_is_allowed(policy: Policy) -> None:
    assert objections(policy, [overlay(rate=2.0), overlay("", rate=50.0)], NOW) == ()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (overlay(rate=1.9), "lies outside 2/s to 50/s"),
        (overlay(rate=50.1), "lies outside"),
        (overlay(rate=math.nan), "lies outside"),
        (overlay(limit="fixed"), "not adaptive"),
        (overlay(limit="nothing"), "no such limit"),
        (overlay(expires_at=NOW), "expired already"),
        (overlay(expires_at=NOW + LONGEST_TTL_S + 1), "lives longer"),
        (overlay(expires_at=math.nan), "lives longer"),
        (msgspec.structs.replace(overlay(), burst=0), "admits nobody"),
        (msgspec.structs.replace(overlay(), tenant="other"), "tenant 'other'"),
        (overlay("consumer:partner"), "allow-list"),
        (overlay("ip:10.1.2.3"), "allow-list"),
    ],
)
def test_what_the_policy_does_not_allow_is_refused_with_its_reason(
    policy: Policy, wrong: Overlay, said: str
) -> None:
    (reason,) = objections(policy, [wrong], NOW)
    assert said in reason


def test_every_objection_is_told_at_once(policy: Policy) -> None:
    assert len(objections(policy, [overlay(rate=1.0), overlay("x", limit="fixed")], NOW)) == 2


def test_two_overlays_for_one_identity_are_refused(policy: Policy) -> None:
    (reason,) = objections(policy, [overlay(), overlay(rate=6.0)], NOW)
    assert "two overlays" in reason


def test_their_number_is_bounded(policy: Policy) -> None:
    many = [overlay(f"ip:{n}") for n in range(MOST_OVERLAYS + 1)]
    assert objections(policy, many, NOW) == (f"more than {MOST_OVERLAYS} overlays",)
