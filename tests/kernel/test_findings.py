"""Findings and overlays."""

from kernel.findings import finding_id


def test_the_same_finding_has_the_same_id_and_another_onset_another() -> None:
    first = finding_id("t", "D1", "ip:192.0.2.1", 1_800_000_000.0)
    assert first == finding_id("t", "D1", "ip:192.0.2.1", 1_800_000_000.0)
    assert len(first) == 16
    others = {
        finding_id("u", "D1", "ip:192.0.2.1", 1_800_000_000.0),
        finding_id("t", "D16", "ip:192.0.2.1", 1_800_000_000.0),
        finding_id("t", "D1", "ip:192.0.2.2", 1_800_000_000.0),
        finding_id("t", "D1", "ip:192.0.2.1", 1_800_000_001.0),
    }
    assert first not in others
    assert len(others) == 4


def test_fields_that_contain_each_others_text_do_not_collide() -> None:
    assert finding_id("t", "D1", "6", 0.0) != finding_id("t", "D16", "", 0.0)
