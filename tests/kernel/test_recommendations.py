from kernel.recommendations import recommendation_id


def test_the_id_of_a_recommendation_depends_on_what_it_is_about() -> None:
    one = recommendation_id("default", "limit-client", "ip:192.0.2.7")
    assert one == recommendation_id("default", "limit-client", "ip:192.0.2.7")
    assert len({one, recommendation_id("other", "limit-client", "ip:192.0.2.7")}) == 2
    assert len(one) == 16
