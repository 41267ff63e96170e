"""Names and references."""

import pytest

from tests.kernel.policies import DIGEST_A, problems, told


@pytest.mark.parametrize("name", ["shop", "Shop 2", "a", "x" * 100, "team/api:v1", "alice@example.org", "_x"])
def test_a_name_is_printable_ascii(name: str) -> None:
    assert told(f"plans: [{{name: '{name}'}}]") == []


@pytest.mark.parametrize("name", ["", " a", "a ", "~a", "x" * 101, "café", 'a"b', "a\\b", "-a"])
def test_what_could_not_stand_in_a_header_is_no_name(name: str) -> None:
    found = told(f"plans: [{{name: '{name}'}}]")
    assert len(found) == 1
    assert found[0].startswith("plans[0].name: ")


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ("plans: [{name: a}, {name: a}]", "plans[1].name"),
        ("limits: [{name: a, rate: 1/s, burst: 1}, {name: a, rate: 1/s, burst: 1}]", "limits[1].name"),
        (
            f"consumers: [{{name: a, keys: [{{sha256: {DIGEST_A}}}]}}, {{name: a, keys: []}}]",
            "consumers[1].name",
        ),
        (
            "access: [{name: a, action: deny, networks: ['::']}]\nlimits: [{name: a, rate: 1/s, burst: 1}]",
            "access[0].name",
        ),
    ],
)
def test_a_name_that_is_taken_is_told_with_its_holder(part: str, field: str) -> None:
    found = [each for each in told(part) if "taken" in each]
    assert len(found) == 1
    assert found[0].startswith(f"{field}: the name 'a' is taken by")
    assert "on line " in found[0]


def test_upstreams_and_routes_are_named_once_too() -> None:
    found = problems(
        "upstreams: [{name: a, url: 'http://h'}, {name: a, url: 'http://h'}]\n"
        "routes: [{name: r, path: /, upstream: a}, {name: r, path: /x, upstream: a}]"
    )
    assert [each.field for each in found] == ["upstreams[1].name", "routes[1].name"]


def test_every_dangling_reference_is_told_with_a_suggestion() -> None:
    found = problems(
        "upstreams: [{name: shop, url: 'http://h'}]\n"
        "routes: [{name: all, path: /, upstream: shpo}]\n"
        "plans: [{name: gold}]\n"
        f"consumers: [{{name: c, plan: glod, keys: [{{sha256: {DIGEST_A}}}]}}]\n"
        "limits: [{name: l, rate: 1/s, burst: 1, routes: [all, al], plans: [golden]}]\n"
        "access: [{name: a, action: deny, networks: [192.0.2.1], routes: [nowhere]}]\n"
    )
    assert [(each.field, each.todo) for each in found if each.severity == "error"] == [
        ("routes[0].upstream", "Did you mean 'shop'?"),
        ("consumers[0].plan", "Did you mean 'gold'?"),
        ("limits[0].routes[1]", "Did you mean 'all'?"),
        ("limits[0].plans[0]", "Did you mean 'gold'?"),
        ("access[0].routes[0]", "Known: all."),
    ]


def test_a_reference_to_a_list_with_a_wrong_name_is_not_judged() -> None:
    assert told("plans: [{name: ''}]\nlimits: [{name: l, rate: 1/s, burst: 1, plans: [gold]}]") == [
        "plans[0].name: a name cannot be empty"
    ]


def test_what_nobody_can_use_is_a_warning() -> None:
    found = problems(
        "upstreams: [{name: a, url: 'http://h'}, {name: b, url: 'http://h'}]\n"
        "routes: [{name: r, path: /, upstream: a, auth: required}]\n"
        "consumers: [{name: c}]\n"
    )
    assert [(each.severity, each.field) for each in found] == [
        ("warning", "upstreams[1]"),
        ("warning", "routes[0].auth"),
        ("warning", "consumers[0]"),
    ]
