"""Whom labels accuse, and when."""

from analytics.labels import AROUND_S, Label, Labels, Vouched, is_inside, vouched_by
from kernel.control import Label as Opinion


def test_a_label_reaches_a_little_further_than_it_says() -> None:
    stretches = Labels((Label("ip:1", 1000.0, 1010.0),)).stretches()["ip:1"]
    assert is_inside(1000.0 - AROUND_S, stretches)
    assert not is_inside(1000.0 - AROUND_S - 0.1, stretches)
    assert not is_inside(1010.0 + AROUND_S, stretches)


def test_a_label_without_end_goes_on() -> None:
    assert is_inside(1e12, Labels((Label("ip:1", 1000.0, 0.0),)).stretches()["ip:1"])


def test_whom_an_operator_vouches_for_is_not_accused() -> None:
    labels = Labels((Label("ip:1", 0.0, 0.0), Label("ip:2", 0.0, 0.0)), frozenset({"ip:1"}))
    assert list(labels.stretches()) == ["ip:2"]


def test_operators_vouch_for_findings_and_identities() -> None:
    opinions = [
        Opinion("f1", "", "legitimate", "", "me", 0.0),
        Opinion("", "ip:1", "legitimate", "", "me", 0.0),
        Opinion("f2", "", "attack", "", "me", 0.0),
        Opinion("", "ip:2", "attack", "", "me", 0.0),
    ]
    assert vouched_by(opinions) == Vouched(frozenset({"f1"}), frozenset({"ip:1"}))
