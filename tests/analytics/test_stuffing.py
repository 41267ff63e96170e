from analytics.stuffing import CARD, LEAST_SUBJECTS
from kernel.findings import Finding
from tests.analytics.seeing import run, since_start
from tests.analytics.traffic import Request, logging_in, login, quiet, stuffing


def found(requests: list[Request]) -> list[Finding]:
    """Findings of D3 among ordinary traffic."""
    last = max(each.at for each in requests)
    return [each for each in run(sorted([*quiet(seconds=last), *requests])) if each.detector == "D3"]


def test_stuffing_from_200_addresses_with_few_tries_each_is_found_within_5_s() -> None:
    for seed in range(3):
        (finding,) = found([*logging_in(seed, seconds=90.0), *stuffing(40.0, 60.0)])
        assert (finding.kind, finding.key, finding.route) == ("credential-stuffing", "login", "login")
        assert 39.0 <= since_start(finding.onset) <= 42.0
        assert since_start(finding.window_end) <= 45.0
        assert 60.0 < since_start(finding.closed_at) <= 140.0
        by_name = {each.name: each for each in finding.evidence}
        assert by_name["failed_sources_10s"].observed >= LEAST_SUBJECTS


def test_it_does_not_matter_from_how_many_addresses_it_comes() -> None:
    assert len(found([*logging_in(seconds=70.0), *stuffing(40.0, 60.0, sources=1)])) == 1


def test_an_attack_on_a_busy_route_is_found_beside_its_users() -> None:
    (finding,) = found([*logging_in(seconds=70.0, rate=30.0), *stuffing(40.0, 60.0, rate=20.0)])
    assert since_start(finding.window_end) <= 46.0


def test_an_attack_on_a_route_that_nobody_logged_in_to_is_found() -> None:
    assert len(found(stuffing(40.0, 60.0))) == 1


def test_ordinary_logins_are_calm_be_they_few_or_many() -> None:
    for seed, rate in ((1, 0.2), (2, 1.0), (3, 5.0), (4, 20.0)):
        assert found(logging_in(seed, seconds=120.0, rate=rate)) == []


def test_a_crowd_that_logs_in_as_well_as_ever_is_calm() -> None:
    crowd = [each._replace(at=each.at + 40.0) for each in logging_in(9, seconds=30.0, rate=25.0)]
    assert found([*logging_in(seconds=80.0), *crowd]) == []


def test_guessing_one_password_is_another_attack() -> None:
    guesses = [login(40.0 + step / 20, "ip:198.51.1.1", "admin", success=False) for step in range(200)]
    assert found([*logging_in(seconds=60.0), *guesses]) == []


def test_a_broken_password_service_is_no_attack() -> None:
    broken = [
        each._replace(status=401, success=0) if each.at >= 40.0 else each
        for each in logging_in(seconds=70.0, rate=3.0)
    ]
    assert found(broken) == []


def test_what_an_attack_does_is_not_learnt() -> None:
    first, second = stuffing(40.0, 60.0), stuffing(150.0, 170.0)
    assert len(found([*logging_in(seconds=190.0), *first, *second])) == 2


def test_waves_of_one_attack_are_one_finding() -> None:
    waves = [*stuffing(40.0, 60.0), *stuffing(90.0, 110.0)]
    (finding,) = found([*logging_in(seconds=200.0), *waves])
    assert 110.0 < since_start(finding.closed_at) <= 185.0


def test_an_attack_goes_on_while_it_is_refused_and_says_so() -> None:
    refused = [
        each._replace(status=403, decision="refused", subject="", success=-1)
        for each in stuffing(60.0, 150.0)
    ]
    (finding,) = found([*logging_in(seconds=250.0), *stuffing(40.0, 60.0), *refused])
    assert 200.0 < since_start(finding.closed_at) <= 225.0
    assert "did not come to a password" in finding.summary


def test_who_mistyped_amid_an_attack_and_comes_back_does_not_keep_it_open() -> None:
    (finding,) = found([*logging_in(seconds=250.0, rate=10.0), *stuffing(40.0, 60.0)])
    assert since_start(finding.closed_at) <= 150.0


def test_the_card_names_what_it_needs() -> None:
    assert {"subject_hash", "success"} <= set(CARD.looks_at)
