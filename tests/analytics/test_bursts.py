import random
import re

import pytest

from analytics.bursts import busiest_routes, to_place
from tests.analytics.seeing import Sight, ripe, run
from tests.analytics.traffic import START, Request, greedy, ordinary, quiet, windows_of

GREEDY = "ip:203.0.113.9"


def onsets(requests: list[Request]) -> dict[str, float]:
    """Identity -> when it was first ripe, seconds from START."""
    found: dict[str, float] = {}
    for seen, scored in Sight("D1").over(requests):
        for key in ripe(scored):
            found.setdefault(key, seen.window.second + 1 - START)
    return found


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("rate", [25.0, 60.0, 200.0])
def test_a_greedy_client_is_found_within_three_seconds(seed: int, rate: float) -> None:
    since = 35.0 + seed * 0.17
    found = onsets(sorted([*quiet(seed, seconds=50), *greedy(since, 50.0, rate=rate)]))
    assert set(found) == {GREEDY}
    assert found[GREEDY] - since <= 3.0


def test_the_summary_says_over_how_long_and_where_both_rates_are_counted() -> None:
    (finding,) = run(sorted([*quiet(seconds=60), *greedy(36.0, 50.0)]))
    rate = r"[\d.,]+(?: requests)?/(?:s|min)"
    said = (
        rf"{GREEDY} sends {rate} over (\d+) s on (?:all routes together|route products); "
        rf"99.9 % of its \d+ peers there never pass {rate} over \1 s"
    )
    assert re.fullmatch(said, finding.summary)


@pytest.mark.parametrize(
    ("scope", "place"),
    [("*", "on all routes together"), ("login", "on route login"), ("limit:a", "on the routes of limit a")],
)
def test_a_scope_is_told_as_a_place(scope: str, place: str) -> None:
    assert to_place(scope) == place


def test_a_burst_that_is_refused_is_still_a_burst() -> None:
    refused = [each._replace(decision="refused", status=429) for each in greedy(36.0, 50.0)]
    assert GREEDY in onsets(sorted([*quiet(seconds=50), *refused]))


def test_a_slow_but_lasting_burst_is_found_over_ten_seconds() -> None:
    found = onsets(sorted([*quiet(seconds=80), *greedy(36.0, 80.0, rate=14.0)]))
    assert set(found) == {GREEDY}
    assert found[GREEDY] <= 36 + 11


def test_a_client_that_was_always_heavy_is_not_flagged() -> None:
    heavy = greedy(0.0, 90.0, rate=30.0, identity="consumer:batch")
    assert not onsets(sorted([*quiet(seconds=90), *heavy]))


def test_a_heavy_client_that_triples_is_flagged() -> None:
    heavy = greedy(0.0, 60.0, rate=20.0, identity="consumer:batch")
    more = greedy(60.0, 70.0, rate=150.0, identity="consumer:batch")
    assert set(onsets(sorted([*quiet(seconds=70), *heavy, *more]))) == {"consumer:batch"}


@pytest.mark.parametrize("seed", range(4))
def test_a_flash_crowd_is_not_an_attack(seed: int) -> None:
    draw = random.Random(seed)
    crowd = [
        ordinary(draw, 40.0 + draw.random() * 15 + step * 0.3, f"ip:172.16.{who // 250}.{who % 250}")
        for who in range(2_000)
        for step in range(1 + draw.randrange(5))
    ]
    assert not onsets(sorted([*quiet(seed, seconds=55), *crowd]))


def test_everybody_who_asks_more_at_once_is_a_crowd() -> None:
    draw = random.Random(5)
    many = [
        ordinary(draw, 40.0 + step * 0.02, f"ip:10.1.0.{who}") for who in range(100) for step in range(200)
    ]
    assert not onsets(sorted([*quiet(seconds=45), *many]))


def test_few_peers_are_no_peers() -> None:
    assert not onsets(sorted([*quiet(seconds=50, identities=10), *greedy(36.0, 50.0)]))


def test_sparse_traffic_of_pages_raises_nothing() -> None:
    draw = random.Random(8)
    pages = []
    for _ in range(900):
        at, identity = draw.uniform(0, 20_000), f"ip:10.2.{draw.randrange(3)}.{draw.randrange(200)}"
        pages += [ordinary(draw, at + step * 0.1, identity) for step in range(1 + draw.randrange(9))]
    assert not onsets(sorted(pages))


def test_the_evidence_tells_rates_and_the_peers_quantiles() -> None:
    (finding,) = run(sorted([*quiet(seconds=50), *greedy(36.0, 46.0)]))
    names = [each.name for each in finding.evidence]
    assert [name.partition("_")[0] for name in names] == ["rate", "peers", "peers", "peers"]
    assert all(each.unit in ("requests/s", "identities") for each in finding.evidence)
    assert finding.evidence[0].observed > 2 * finding.evidence[0].expected
    assert finding.route == "products"


def test_a_burst_is_told_on_the_route_that_is_asked_for_most() -> None:
    (window,) = windows_of(
        [Request(0.1, "ip:1", route, 200, 1, 1) for route in ("orders", "products", "products")]
    )
    assert busiest_routes(window, ["ip:1", "ip:2"]) == {"ip:1": "products"}
