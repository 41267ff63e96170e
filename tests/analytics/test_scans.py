import random

from kernel.findings import Finding
from tests.analytics.seeing import run, since_start
from tests.analytics.traffic import Request, ordinary, quiet, scanning


def found(requests: list[Request], *, seconds: float = 70.0) -> list[Finding]:
    """Findings of D7 among ordinary traffic."""
    return [each for each in run(sorted([*quiet(seconds=seconds), *requests])) if each.detector == "D7"]


def missing(at: float, identity: str, path: str) -> Request:
    """A request for what is not there."""
    return Request(at, identity, "products", 404, 5_000, 400, path=path)


def test_a_scanner_is_found_within_5_s_and_told_over() -> None:
    for rate in (3.0, 10.0, 60.0):
        (finding,) = found(scanning(40.0, 60.0, rate=rate), seconds=90.0)
        assert (finding.kind, finding.key) == ("vulnerability-scan", "ip:203.0.113.66")
        assert 40.0 <= since_start(finding.onset) <= 41.0
        assert since_start(finding.window_end) <= 45.0
        assert 110.0 < since_start(finding.closed_at) <= 130.0


def test_a_crawler_with_a_dead_link_now_and_then_is_calm() -> None:
    draw = random.Random(5)
    crawl = [
        missing(step / 5, "ip:198.51.100.7", f"/gone/{step}")
        if draw.random() < 0.15
        else ordinary(draw, step / 5, "ip:198.51.100.7")
        for step in range(350)
    ]
    assert found(crawl) == []


def test_who_asks_for_one_missing_thing_again_and_again_is_no_scanner() -> None:
    assert found([missing(20.0 + step / 10, "ip:198.51.100.7", "/favicon.ico") for step in range(400)]) == []


def test_everybody_who_misses_at_once_is_a_broken_release() -> None:
    broken = [
        each._replace(status=404, path=f"/new/{number % 90}") if each.at >= 40.0 else each
        for number, each in enumerate(quiet(seconds=60.0, identities=60, rate=200.0))
    ]
    assert [each for each in run(broken) if each.detector == "D7"] == []


def test_a_scanner_among_many_who_miss_a_little_is_found() -> None:
    strays = [
        missing(second + who / 50, f"ip:10.8.0.{who}", f"/old/{who}-{second % 3}")
        for second in range(70)
        for who in range(20)
    ]
    (finding,) = found([*strays, *scanning(40.0, 60.0, rate=20.0)])
    assert finding.identity == "ip:203.0.113.66"


def test_a_sweep_of_methods_is_told() -> None:
    (finding,) = found(scanning(40.0, 60.0))
    by_name = {each.name: each.observed for each in finding.evidence}
    assert by_name["methods"] == 1.0
    assert by_name["missed_paths_10s"] >= 8.0
