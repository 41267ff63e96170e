"""lab.attacks: many addresses with a try each, and one that looks for what is not there."""

import itertools
import json
from collections import Counter

import pytest

from lab.attacks import (
    ATTACK_S,
    BELOW,
    LURKING_RATE,
    RETURN_S,
    WORD_LIST,
    WRONG_METHOD,
    Attackers,
    draw_attackers,
    lurking_plan,
    return_plan,
    scan_plan,
    stuffing_plan,
)
from lab.shop_store import USERS, password_of

FIRST = 1000


@pytest.fixture(scope="module", params=[1, 2, 3])
def attackers(request: pytest.FixtureRequest) -> Attackers:
    return draw_attackers(request.param, {"ip:198.18.0.1"}, FIRST)


def test_the_same_seed_gives_the_same_attackers() -> None:
    assert draw_attackers(1, set(), FIRST) == draw_attackers(1, set(), FIRST)
    assert draw_attackers(1, set(), FIRST) != draw_attackers(2, set(), FIRST)


def test_two_hundred_addresses_and_a_scanner_are_all_somebody_else(attackers: Attackers) -> None:
    assert len(attackers.identities) == 201
    assert "ip:198.18.0.1" not in attackers.identities
    assert [each.number for each in attackers.everybody] == list(range(FIRST, FIRST + 201))


def test_only_who_takes_part_is_named(attackers: Attackers) -> None:
    assert len(attackers.of("credential stuffing")) == 200
    assert attackers.of("vulnerability scan") == {attackers.scanner.identity}
    assert attackers.of("stuffing comes back") == attackers.of("credential stuffing")
    assert attackers.of("error burst") == frozenset()


def test_stuffing_tries_each_name_once_and_opens_few_accounts(attackers: Attackers) -> None:
    plan = list(stuffing_plan(attackers, 1, 80.0))
    tries = [json.loads(each.body) for each in plan]
    assert len({each["user"] for each in tries}) == len(tries)
    customers = {f"user{number}" for number in range(USERS)}
    opened = [each for each in tries if each["password"] == password_of(each["user"])]
    assert 1 <= len(opened) == attackers.successes <= 3
    assert len([each for each in tries if each["user"] in customers]) == len(opened)


def test_stuffing_comes_from_all_addresses_with_few_tries_of_each(attackers: Attackers) -> None:
    plan = list(stuffing_plan(attackers, 1, 80.0))
    assert len(plan) == pytest.approx(attackers.stuffing_rate * ATTACK_S, rel=0.2)
    by_address = Counter(each.who for each in plan)
    assert len(by_address) == 200
    assert max(by_address.values()) <= 4
    assert {(each.method, each.path) for each in plan} == {("POST", "/login")}


def test_the_same_addresses_come_back_with_names_that_they_have_not_tried(attackers: Attackers) -> None:
    first, again = list(stuffing_plan(attackers, 1, 80.0)), list(return_plan(attackers, 1, 112.0))
    names = [{json.loads(each.body)["user"] for each in plan} for plan in (first, again)]
    customers = {f"user{number}" for number in range(USERS)}
    assert not names[0] & names[1] - customers
    assert {each.who for each in again} <= {each.who for each in first}
    assert 112.0 <= again[0].at <= again[-1].at < 112.0 + RETURN_S


def test_the_scanner_lurks_on_at_a_gentle_pace_without_end(attackers: Attackers) -> None:
    plan = list(itertools.islice(lurking_plan(attackers, 1), 3_000))
    assert plan[-1].at == pytest.approx(3_000 / LURKING_RATE, rel=0.1)
    assert {each.who for each in plan} == {attackers.scanner.number}
    assert {each.path for each in plan} == set(BELOW) <= set(WORD_LIST)


def test_the_scanner_alone_goes_through_its_word_list(attackers: Attackers) -> None:
    plan = list(scan_plan(attackers, 1, 100.0))
    assert {each.who for each in plan} == {attackers.scanner.number}
    assert len({each.path for each in plan}) == min(len(plan), len(WORD_LIST))
    assert {each.path for each in plan} <= set(WORD_LIST)
    assert 100.0 <= plan[0].at <= plan[-1].at < 100.0 + ATTACK_S


def test_the_word_list_has_what_scanners_look_for_and_methods_that_are_not_allowed() -> None:
    assert {"/products/admin.php", "/orders/backup.php"} <= set(BELOW) <= set(WORD_LIST)
    assert {"/.env", "/wp-login.php", "/backup.zip", "/admin/", *WRONG_METHOD} <= set(WORD_LIST)
    assert len(set(WORD_LIST)) == len(WORD_LIST)
