"""lab.population: who calls is drawn from the seed, and shaped like real callers."""

import hashlib
from collections import Counter

from kernel.addresses import identity_of_address, parse_address
from lab.population import CENSUS, draw_population, keys_of


def test_a_seed_gives_the_same_people_and_another_seed_others() -> None:
    assert draw_population(5) == draw_population(5)
    assert {each.identity for each in draw_population(5)} != {each.identity for each in draw_population(6)}


def test_there_are_at_least_400_identities_and_no_two_are_one() -> None:
    people = draw_population(1)
    assert len({each.identity for each in people}) == len(people) == sum(CENSUS.values())
    assert len(people) >= 400


def test_an_identity_is_what_the_gateway_will_call_it() -> None:
    for each in draw_population(2):
        address = parse_address(each.address)
        assert address is not None
        assert each.identity == (f"consumer:{each.consumer}" if each.key else identity_of_address(address))


def test_activity_is_heavy_tailed() -> None:
    activity = sorted(each.activity for each in draw_population(3) if each.kind == "browser")
    median = activity[len(activity) // 2]
    assert 0.8 < median < 1.25
    assert activity[int(len(activity) * 0.99)] > 5 * median


def test_user_agents_are_a_mix_with_a_tail() -> None:
    agents = Counter(each.user_agent for each in draw_population(4))
    assert len(agents) > 40
    assert agents.most_common(1)[0][1] < 0.3 * agents.total()
    assert not any("{" in agent for agent in agents)


def test_the_policy_gets_digests_and_never_keys() -> None:
    people = draw_population(5)
    partners = {each.consumer: each.key for each in people if each.consumer}
    keys = keys_of(people)
    assert len(keys) == len(partners) == CENSUS["partner"]
    assert all(key.sha256 == hashlib.sha256(partners[key.consumer].encode()).hexdigest() for key in keys)
