from analytics.detector import LEARNING_DELAY_S, LEAST_HISTORY_S, Mask


def test_a_mask_holds_by_detector() -> None:
    mask = Mask(frozenset({("D1", "ip:10.0.0.1")}))
    assert mask.holds("D1", "ip:10.0.0.1")
    assert not mask.holds("D16", "ip:10.0.0.1")


def test_the_demos_quiet_part_is_long_enough_to_learn() -> None:
    assert LEAST_HISTORY_S + LEARNING_DELAY_S <= 20
