"""lab.scoring: the ground truth is counted as its docstring defines it."""

import math

import msgspec
import pytest

from analytics.registry import detectors
from analytics.series import Rows
from analytics.windows import Scopes
from kernel.findings import Overlay
from lab.record import ATTACK_LABEL, GREEDY_LABEL, LEGITIMATE, Label, Sent
from lab.scenario import Act, EventKind
from lab.scoring import (
    KIND_OF,
    OF_MANY,
    PERSONAL,
    Happened,
    Seen,
    Telemetry,
    answer_to,
    finding_of,
    mitigation_of,
    others,
    refused_of,
)
from tests.findings import burst

GREEDY = "ip:198.18.0.1"
FINDING = burst(GREEDY, 100.0, id="1", route="product", window_end=102.0, found_at=102.1)


def sent(at: float, status: int = 200, label: Label = GREEDY_LABEL, identity: str = GREEDY) -> Sent:
    return Sent(at, identity, label, "products", status, 5.0)


def seconds(*refused: int, requests: int = 100, onset: float = 100.0) -> list[Sent]:
    """One greedy second after the other, of `requests` each, of which so many are refused."""
    return [
        sent(onset + second + number / requests, 429 if number < count else 200)
        for second, count in enumerate(refused)
        for number in range(requests)
    ]


def happened(kind: EventKind, identity: str = "") -> Happened:
    who = frozenset((identity,) if identity else ())
    return Happened(Act(kind=kind, starts=0, ends=10, what=""), onset=100.0, ended=110.0, identities=who)


def test_mitigation_is_the_first_of_two_seconds_that_refuse_nine_tenths_of_the_excess() -> None:
    found = mitigation_of(seconds(0, 0, 81, 50, 81, 81), 100.0, usual_top=10.0, answered=100.0)
    assert found.after_s == 4.0


def test_one_good_second_is_no_mitigation() -> None:
    assert math.isinf(mitigation_of(seconds(0, 90, 0, 90, 0), 100.0, usual_top=10.0, answered=100.0).after_s)


def overlay(created_at: float, identity: str = GREEDY) -> Overlay:
    return Overlay("o", "default", "per-client", identity, 3.0, 6, "", "", created_at, created_at + 60.0)


def test_what_an_older_limit_refused_is_no_mitigation() -> None:
    whole = seconds(100, 100, 100, 100)
    assert mitigation_of(whole, 100.0, usual_top=10.0, answered=101.5).after_s == 2.0
    never = mitigation_of(whole, 100.0, usual_top=10.0, answered=math.inf)
    assert (math.isinf(never.after_s), never.let_through) == (True, 0.0)


def test_the_answer_to_a_client_is_an_overlay_for_it_or_for_all_created_after_the_onset() -> None:
    act = happened("greedy client", GREEDY)
    assert answer_to(act, [overlay(99.0), overlay(103.0), overlay(102.0)]) == 102.0
    assert answer_to(act, [overlay(101.0, "ip:198.18.0.9"), overlay(104.0, "")]) == 104.0
    assert math.isinf(answer_to(act, [overlay(99.0), overlay(90.0, "")]))


def test_what_the_usual_top_allows_is_no_excess() -> None:
    found = mitigation_of(seconds(0, 90), 100.0, usual_top=10.0, answered=100.0)
    assert (found.requests, found.excess, found.let_through) == (200, 180.0, 90.0)


def test_refusing_more_than_the_excess_does_not_make_up_for_an_earlier_second() -> None:
    assert mitigation_of(seconds(0, 100), 100.0, usual_top=10.0, answered=100.0).let_through == 90.0


def test_requests_before_the_onset_and_of_others_are_not_the_greedy_clients() -> None:
    noise = [sent(99.0), sent(100.5, label=LEGITIMATE)]
    assert mitigation_of([*noise, *seconds(100)], 100.0, usual_top=0.0, answered=100.0).requests == 100


def test_nothing_sent_is_never_mitigated() -> None:
    assert math.isinf(mitigation_of([], 100.0, usual_top=1.0, answered=100.0).after_s)


def test_refused_counts_legitimate_requests_and_identities_only() -> None:
    traffic = [
        sent(1.0, 429),
        sent(1.0, 200, LEGITIMATE, "ip:a"),
        sent(2.0, 429, LEGITIMATE, "ip:a"),
        sent(3.0, 403, LEGITIMATE, "ip:a"),
        sent(3.0, 500, LEGITIMATE, "ip:b"),
    ]
    found = refused_of(traffic)
    assert (found.requests, found.refused_requests, found.identities, found.refused_identities) == (
        4,
        2,
        2,
        1,
    )
    assert found.share == 0.5


def test_no_requests_are_no_share() -> None:
    assert refused_of([]).share == 0.0


def test_the_first_finding_of_the_kind_about_the_identity_counts() -> None:
    stranger = msgspec.structs.replace(FINDING, id="2", identity="ip:198.18.0.9")
    seen = [Seen(FINDING, 104.0), Seen(stranger, 101.0), Seen(FINDING, 103.0)]
    found = finding_of(happened("greedy client", GREEDY), seen)
    assert found is not None
    assert (found.at, found.finding.identity) == (103.0, GREEDY)


@pytest.mark.parametrize("at", [99.0, 130.0])
def test_a_finding_before_the_onset_or_long_after_the_end_does_not_count(at: float) -> None:
    assert finding_of(happened("greedy client", GREEDY), [Seen(FINDING, at)]) is None


def test_a_finding_of_another_kind_does_not_count() -> None:
    assert finding_of(happened("error burst"), [Seen(FINDING, 103.0)]) is None


def test_a_finding_about_a_bystander_is_a_false_alarm() -> None:
    bystander = msgspec.structs.replace(FINDING, identity="ip:198.18.0.9")
    seen = [Seen(FINDING, 103.0), Seen(bystander, 103.0), Seen(FINDING, 90.0)]
    assert [each.at for each in others(seen, [happened("greedy client", GREEDY)])] == [103.0, 90.0]


def test_a_finding_that_names_nobody_is_about_all_who_attack() -> None:
    stuffing = msgspec.structs.replace(FINDING, kind="credential-stuffing", identity="", route="login")
    found = finding_of(happened("credential stuffing", "ip:198.18.0.7"), [Seen(stuffing, 103.0)])
    assert found is not None


def test_a_scan_by_a_bystander_is_a_false_alarm_whatever_happens_then() -> None:
    scan = msgspec.structs.replace(FINDING, kind="vulnerability-scan", identity="ip:198.18.0.9")
    acts = [happened("error burst"), happened("vulnerability scan", GREEDY)]
    assert len(others([Seen(scan, 103.0)], acts)) == 1
    assert finding_of(acts[1], [Seen(scan, 103.0)]) is None


LATENCY = msgspec.structs.replace(FINDING, kind="latency-regression", key="upstream:shop", identity="")


def test_a_finding_that_began_before_the_act_is_a_false_alarm_though_it_is_read_meanwhile() -> None:
    old, own = (Seen(msgspec.structs.replace(LATENCY, onset=onset), 103.0) for onset in (68.0, 99.0))
    assert others([old, own], [happened("slow upstream")]) == [old]


@pytest.mark.parametrize("kind", ["error burst", "credential stuffing", "vulnerability scan"])
def test_a_finding_about_something_else_than_the_act_is_a_false_alarm(kind: EventKind) -> None:
    seen = [Seen(LATENCY, 103.0)]
    assert others(seen, [happened(kind, GREEDY)]) == seen
    assert not others(seen, [happened("greedy client", GREEDY)])


@pytest.mark.parametrize("kind", ["credential-stuffing", "flood"])
def test_an_attack_of_many_that_is_found_while_the_shop_fails_is_a_false_alarm(kind: str) -> None:
    seen = [Seen(msgspec.structs.replace(FINDING, kind=kind, identity=""), 103.0)]
    assert others(seen, [happened("error burst")])
    many = frozenset(("ip:198.18.0.7", "ip:198.18.0.8"))
    stuffing = msgspec.structs.replace(happened("credential stuffing"), identities=many)
    assert not others(seen, [stuffing])


def test_each_act_is_of_a_kind_that_a_running_detector_finds() -> None:
    kinds = {each.card.kind for each in detectors(Scopes(), Rows())}
    assert {*KIND_OF.values(), *PERSONAL, *OF_MANY} <= kinds


def test_attacks_are_not_legitimate() -> None:
    assert refused_of([sent(1.0, 429, ATTACK_LABEL), sent(1.0, 200, ATTACK_LABEL)]).requests == 0


def test_an_account_balances_when_each_request_is_in_one_place() -> None:
    assert Telemetry(sent=10, offered=10, stored=8, spooled=1, lost=1).balances
    assert not Telemetry(sent=11, offered=10, stored=10, spooled=0, lost=0).balances
    assert not Telemetry(sent=10, offered=10, stored=11, spooled=0, lost=0).balances
