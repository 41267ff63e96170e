import datetime as dt
from pathlib import Path

import pytest

from kernel.check import read_policy
from kernel.patch import (
    AddAccess,
    AddLimit,
    Operation,
    Patch,
    RemoveRule,
    SetMode,
    SetRate,
    StalePatch,
    apply,
    rate_of,
    to_rate,
)
from kernel.policy import AccessRule, Adaptive, HeaderKey, Limit, Policy
from tests.architecture.sources import ROOT
from tests.kernel.policies import NOW, ROUTES, UPSTREAMS

FULL = (ROOT / "docs/examples/full.yaml").read_text()
TEN_LINES = (ROOT / "docs/examples/ten-lines.yaml").read_text()
SLOW_DOWN = Limit(name="slow-down", rate=0.5, burst=5, routes=("login",), reason="D3: many failures")
UNTIL = dt.datetime(2027, 3, 1, 12, 0, 0, 500, tzinfo=dt.UTC)


def patched(text: str, *operations: Operation) -> str:
    return apply(text, Patch("", operations), NOW)


def policy_in(text: str) -> Policy:
    policy = read_policy(text, "p.yaml", NOW).policy
    assert policy is not None
    return policy


def added(before: str, after: str) -> list[str]:
    """The lines that are new; every old line must still stand, in its order."""
    old, new = before.splitlines(), after.splitlines()
    rest = iter(new)
    assert all(line in rest for line in old)
    return [line for line in new if line not in old]


def test_a_limit_is_added_behind_the_others_and_comments_stay() -> None:
    after = patched(FULL, AddLimit(SLOW_DOWN))
    assert added(FULL, after) == [
        "  - name: slow-down",
        "    rate: 30/min",
        '    reason: "D3: many failures"',
    ]
    assert policy_in(after).limits[-1] == SLOW_DOWN


def test_an_access_rule_is_added_before_the_others() -> None:
    rule = AccessRule(
        name="scanner", action="deny", networks=("192.0.2.7/32", "2001:db8::/64"), mode="shadow"
    )
    after = patched(FULL, AddAccess(rule))
    assert policy_in(after).access[0] == rule
    assert '    networks: [192.0.2.7/32, "2001:db8::/64"]' in added(FULL, after)


def test_a_section_that_is_missing_is_made() -> None:
    text = UPSTREAMS + ROUTES
    after = patched(text, AddLimit(SLOW_DOWN_EVERYWHERE), AddAccess(DENY))
    assert policy_in(after).limits == (SLOW_DOWN_EVERYWHERE,)
    assert policy_in(after).access == (DENY,)
    assert after.startswith(text)


SLOW_DOWN_EVERYWHERE = Limit(name="slow-down", rate=2.0, burst=4)
DENY = AccessRule(name="deny", action="deny", networks=("192.0.2.0/24",))


@pytest.mark.parametrize(
    "limits",
    [
        "limits: []\n",
        "limits: [{name: a, rate: 1/s, burst: 2}]  # one\n",
        "limits:\n- {name: a, rate: 1/s, burst: 2}\n# the end\n",
        "limits:\n  -\n    name: a\n    rate: 1/s # slow\n    burst: 2\n\n\n",
    ],
)
def test_every_way_to_write_a_list_takes_another_rule(limits: str) -> None:
    text = UPSTREAMS + limits + ROUTES
    names = [each.name for each in policy_in(patched(text, AddLimit(SLOW_DOWN_EVERYWHERE))).limits]
    assert names == [*(["a"] if "name: a" in limits else []), "slow-down"]


def test_a_limit_with_every_field_is_written_and_read_again() -> None:
    limit = Limit(
        name="whole",
        mode="canary",
        canary=0.25,
        expires_at=UNTIL,
        routes=("login", "order"),
        reason='say "no": it\'s enough',
        key=HeaderKey(header="X-Device-Id"),
        rate=1 / 3,
        burst=7,
        plans=("free",),
        adaptive=Adaptive(floor=0.1, ceiling=2.0),
    )
    written = policy_in(patched(FULL, AddLimit(limit))).limits[-1]
    assert written.expires_at == UNTIL.replace(microsecond=0)
    assert written.rate == pytest.approx(limit.rate)
    assert (written.key, written.reason, written.plans) == (limit.key, limit.reason, limit.plans)


def test_a_rate_and_a_mode_are_changed_in_their_places() -> None:
    after = patched(
        FULL,
        SetRate("login-attempts", 0.25, 3),
        SetMode("login-attempts", "canary", canary=0.5, expires_at=NOW + 3600),
    )
    limit = next(each for each in policy_in(after).limits if each.name == "login-attempts")
    assert (limit.rate, limit.burst, limit.mode, limit.canary) == (0.25, 3, "canary", 0.5)
    assert limit.expires_at == dt.datetime.fromtimestamp(NOW + 3600, dt.UTC)
    assert len(after.splitlines()) == len(FULL.splitlines()) + 3


def test_a_mode_is_set_within_braces_too() -> None:
    text = UPSTREAMS + ROUTES + "limits: [{name: a, rate: 1/s, burst: 2}]\n"
    assert policy_in(patched(text, SetMode("a", "shadow"))).limits[0].mode == "shadow"


@pytest.mark.parametrize(
    "name", ["fair-share", "per-device", "ceiling-of-all", "office", "reports-inside-only"]
)
def test_a_rule_is_taken_away_and_the_others_stay(name: str) -> None:
    before, after = policy_in(FULL), policy_in(patched(FULL, RemoveRule(name)))
    left = {each.name for each in (*before.limits, *before.access)} - {name}
    assert {each.name for each in (*after.limits, *after.access)} == left


def test_what_was_added_can_be_taken_away_again() -> None:
    for text in (FULL, TEN_LINES):
        both = patched(text, AddLimit(SLOW_DOWN_EVERYWHERE), AddAccess(DENY))
        assert policy_in(patched(both, RemoveRule("slow-down"), RemoveRule("deny"))) == policy_in(text)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_rule_in_brackets_is_taken_away(place: int) -> None:
    rules = ", ".join(f"{{name: r{number}, rate: 1/s, burst: 2}}" for number in range(3))
    text = f"{UPSTREAMS}{ROUTES}limits: [{rules}]\n"
    after = policy_in(patched(text, RemoveRule(f"r{place}")))
    assert [each.name for each in after.limits] == [f"r{n}" for n in range(3) if n != place]


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        (AddLimit(Limit(name="office", rate=1.0, burst=1)), "there is a rule 'office' already"),
        (SetRate("gone", 1.0, 1), "there is no limit 'gone' any more"),
        (SetRate("office", 1.0, 1), "there is no limit 'office' any more"),
        (SetMode("gone", "off"), "there is no rule 'gone' any more"),
        (RemoveRule("gone"), "there is no rule 'gone' any more"),
        (AddLimit(Limit(name="nowhere", rate=1.0, burst=1, routes=("gone",))), "gone"),
    ],
)
def test_a_patch_that_does_not_fit_says_why(operation: Operation, told: str) -> None:
    with pytest.raises(StalePatch, match=told):
        patched(FULL, operation)


def test_aliases_are_left_to_people() -> None:
    text = (
        UPSTREAMS
        + ROUTES
        + "limits:\n  - &a {name: a, rate: &r 1/s, burst: 2}\n  - {name: b, burst: 2, rate: *r}\n"
    )
    with pytest.raises(StalePatch, match=r"alias.*by hand"):
        patched(text, SetRate("b", 2.0, 1))
    with pytest.raises(StalePatch, match="by hand"):
        patched(text, SetRate("a", 2.0, 1))  # b would change with it


def test_rates_are_written_in_the_unit_that_reads_best() -> None:
    written = [to_rate(rate) for rate in (10.0, 0.5, 1 / 3, 2.5, 100 / 3600, 1 / 86_400, 0.123456789)]
    assert written == ["10/s", "30/min", "20/min", "150/min", "100/h", "1/d", "0.123456789/s"]
    assert rate_of("30/min") == 0.5


def test_the_example_files_are_there(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(patched(TEN_LINES, AddLimit(SLOW_DOWN_EVERYWHERE)))
    assert "slow-down" in (tmp_path / "policy.yaml").read_text()
