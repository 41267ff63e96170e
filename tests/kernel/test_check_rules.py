"""Rules: modes, expiry, quotas, networks, order."""

import pytest

from kernel.check_rules import covers
from tests.kernel.policies import told


def limits(*written: str) -> list[str]:
    listed = ", ".join(f"{{name: l{index}, {each}}}" for index, each in enumerate(written))
    return told(f"plans: [{{name: gold}}, {{name: free}}]\nlimits: [{listed}]")


def access(*written: str) -> list[str]:
    listed = ", ".join(f"{{name: a{index}, {each}}}" for index, each in enumerate(written))
    return told(f"access: [{listed}]")


QUOTA = "rate: 10/s, burst: 20"


def test_a_canary_has_a_share_between_0_and_1_and_its_mode() -> None:
    assert limits(f"{QUOTA}, mode: canary, canary: 0.1") == []
    assert "out of range" in limits(f"{QUOTA}, mode: canary, canary: 1.5")[0]
    assert "out of range" in limits(f"{QUOTA}, mode: canary, canary: -0.1")[0]
    assert "no meaning in mode `enforce`" in limits(f"{QUOTA}, canary: 0.1")[0]
    assert "binds nobody" in limits(f"{QUOTA}, mode: canary")[0]


@pytest.mark.parametrize("burst", ["0", "-1", "1.5", "2000000000"])
def test_a_burst_is_at_least_one_request(burst: str) -> None:
    found = limits(f"rate: 1/s, burst: {burst}")
    assert len(found) == 1
    assert found[0].startswith("limits[0].burst: ")


def test_an_expired_rule_is_a_warning_unless_it_is_off() -> None:
    expired = "expires_at: 2020-01-01T00:00:00+01:00"
    assert limits(f"{QUOTA}, {expired}") == [
        "limits[0].expires_at: this rule expired at 2019-12-31 23:00:00Z and has no effect"
    ]
    assert limits(f"{QUOTA}, {expired}, mode: off") == []
    assert limits(f"{QUOTA}, expires_at: 2050-01-01T00:00:00Z") == []


def test_an_adaptive_limit_stays_between_floor_and_ceiling() -> None:
    assert limits(f"{QUOTA}, adaptive: {{floor: 1/s, ceiling: 10/s}}") == []
    assert "above the ceiling" in limits(f"{QUOTA}, adaptive: {{floor: 20/s, ceiling: 10/s}}")[0]
    assert "below the floor" in limits(f"{QUOTA}, adaptive: {{floor: 11/s, ceiling: 20/s}}")[0]
    assert "above the ceiling" in limits(f"{QUOTA}, adaptive: {{floor: 1/s, ceiling: 9/s}}")[0]


@pytest.mark.parametrize(
    ("written", "fields"),
    [
        ("rate: 20, burst: 5, adaptive: {floor: 50/s, ceiling: 30/s}", ["rate", "adaptive"]),
        ("rate: 20, burst: 5, adaptive: {floor: 5/s, ceiling: 30/s}", ["rate"]),
        ("rate: 20/s, burst: 5, adaptive: {floor: 50, ceiling: 10/s}", ["adaptive.floor", "rate"]),
        ("rate: 20/s, burst: 5, adaptive: {floor: 30/s, ceiling: x}", ["adaptive.ceiling", "rate"]),
        ("rate: 20/s, burst: 5, adaptive: {floor: 30/s}", ["adaptive.ceiling", "rate"]),
        ("rate: 20/s, burst: 5, adaptive: [10/s, 30/s]", ["adaptive"]),
    ],
)
def test_what_is_beside_a_wrong_field_is_judged_too(written: str, fields: list[str]) -> None:
    told_of = [each.partition(":")[0] for each in limits(written)]
    assert sorted(told_of) == sorted(f"limits[0].{field}" for field in fields)


def test_a_limit_whose_size_is_wrong_is_compared_with_none() -> None:
    assert len(limits("rate: 10/s, burst: none", f"{QUOTA}, routes: [all]")) == 1


@pytest.mark.parametrize(
    ("wide", "narrow", "looser"),
    [
        (QUOTA, f"{QUOTA}, routes: [all]", True),
        (QUOTA, "rate: 900/min, burst: 20, routes: [all]", True),
        (QUOTA, "rate: 9/s, burst: 90, routes: [all]", False),
        (QUOTA, "rate: 90/s, burst: 9, routes: [all]", False),
        (f"{QUOTA}, key: global", f"{QUOTA}, routes: [all]", False),
        (f"{QUOTA}, key: {{header: X-Id}}", f"{QUOTA}, key: {{header: x-id}}, routes: [all]", True),
        (f"{QUOTA}, key: {{header: X-Id}}", f"{QUOTA}, key: {{header: x-other}}, routes: [all]", False),
        (f"{QUOTA}, mode: shadow", f"{QUOTA}, routes: [all]", False),
        (f"{QUOTA}, expires_at: 2050-01-01T00:00:00Z", f"{QUOTA}, routes: [all]", False),
        (f"{QUOTA}, plans: [gold]", f"{QUOTA}, routes: [all]", False),
        (f"{QUOTA}, plans: [gold, free]", f"{QUOTA}, plans: [gold], routes: [all]", True),
        (QUOTA, f"{QUOTA}, plans: [gold], routes: [all]", True),
        (QUOTA, f"{QUOTA}, mode: off, routes: [all]", False),
    ],
)
def test_a_routes_limit_looser_than_the_one_for_every_route_is_told(
    wide: str, narrow: str, looser: bool
) -> None:
    assert any("looser than limits[0]" in each for each in limits(wide, narrow)) == looser


@pytest.mark.parametrize("header", ["'X Id'", "''", "'a:b'", "Host", "content-length", "'é'"])
def test_a_limits_header_is_a_field_that_clients_send(header: str) -> None:
    found = limits(f"{QUOTA}, key: {{header: {header}}}")
    assert len(found) == 1
    assert found[0].startswith("limits[0].key.header: ")


@pytest.mark.parametrize("network", ["10.0.0.0/33", "10.0.0", "example.org", "''", "1.2.3.4/x", "010.0.0.1"])
def test_what_is_no_network_is_refused(network: str) -> None:
    found = access(f"action: deny, networks: [{network}]")
    assert len(found) == 1
    assert found[0].startswith("access[0].networks[0]: ")


def test_a_network_with_bits_beyond_its_prefix_is_told_what_it_means() -> None:
    assert access("action: deny, networks: [10.0.0.1/8]") == [
        "access[0].networks[0]: '10.0.0.1/8' means 10.0.0.0/8"
    ]
    assert access("action: deny, networks: ['2001:DB8::/32', '2001:db8:0::/48', 10.0.0.1/32]") == []


def test_a_rule_without_networks_is_refused() -> None:
    assert access("action: deny, networks: []") == [
        "access[0].networks: without networks this rule matches nobody"
    ]


@pytest.mark.parametrize(
    ("earlier", "later", "hidden"),
    [
        ("action: deny, networks: [10.0.0.0/8]", "action: allow, networks: [10.1.0.0/16, 10.2.0.1]", True),
        ("action: deny, networks: [10.0.0.0/8]", "action: allow, networks: [10.1.0.0/16, 11.0.0.1]", False),
        ("action: deny, networks: [10.0.0.0/8]", "action: allow, networks: ['::a00:1']", False),
        (
            "action: deny, mode: shadow, networks: [10.0.0.0/8]",
            "action: deny, networks: [10.1.0.0/16]",
            False,
        ),
        (
            "action: deny, routes: [all], networks: [10.0.0.0/8]",
            "action: deny, networks: [10.1.0.0/16]",
            False,
        ),
        (
            "action: deny, networks: [10.0.0.0/8]",
            "action: deny, routes: [all], networks: [10.1.0.0/16]",
            True,
        ),
        ("action: allow, networks: [10.1.0.0/16]", "action: deny, networks: [10.0.0.0/8]", False),
    ],
)
def test_an_access_rule_behind_one_that_decides_first_is_told(earlier: str, later: str, hidden: bool) -> None:
    assert any("has no effect" in each for each in access(earlier, later)) == hidden


def test_networks_cover_by_containing_each_one() -> None:
    assert covers(("0.0.0.0/0", "::/0"), ("192.0.2.1", "2001:db8::/32"))
    assert not covers(("0.0.0.0/0",), ("2001:db8::/32",))
    assert not covers(("0.0.0.0/0",), ())
