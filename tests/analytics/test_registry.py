from analytics.registry import detectors
from analytics.series import Rows
from analytics.windows import Scopes


def test_latencies_of_a_replay_are_judged_by_nobody() -> None:
    found = detectors(Scopes(), Rows(), is_timed=False)
    assert [each.card.number for each in found] == ["D1", "D2", "D3", "D7", "D16", "G1"]


def test_the_detectors_are_those_of_the_design_and_the_guard() -> None:
    found = detectors(Scopes(), Rows())
    assert [each.card.number for each in found] == ["D1", "D2", "D3", "D7", "D16", "D17", "G1"]
    assert all(each.size() == 0 for each in found)
