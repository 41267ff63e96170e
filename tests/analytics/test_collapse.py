from analytics.collapse import is_collapsed
from analytics.windows import AddressRow

# An office of many people that carries nearly everything.
OFFICE = AddressRow("::ffff:10.0.0.1", 950, 0, 40, 1_000, 0, 45)


def test_an_address_with_most_user_agents_is_collapsed() -> None:
    assert is_collapsed(OFFICE)


def test_an_address_with_most_consumers_is_collapsed() -> None:
    assert is_collapsed(OFFICE._replace(agents=1, consumers=6, all_consumers=8))


def test_a_greedy_client_is_not() -> None:
    assert not is_collapsed(OFFICE._replace(agents=1))


def test_an_office_among_many_is_not() -> None:
    assert not is_collapsed(OFFICE._replace(requests=300))


def test_a_small_site_with_few_agents_is_not() -> None:
    assert not is_collapsed(OFFICE._replace(agents=4, all_agents=5))
