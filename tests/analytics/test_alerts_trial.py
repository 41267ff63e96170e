from analytics.alerts_trial import Tried, to_text, try_sinks
from tests.analytics.receiving import receiving


def test_every_sink_is_sent_a_marked_alert_that_fires_and_is_over() -> None:
    with receiving() as good, receiving() as bad:
        bad.status = 403
        tried = try_sinks([bad.webhook("b"), good.webhook("good")], "default", 1_000.0)
    fired, over = good.alerts()
    assert (fired.state, over.state, fired.id) == ("firing", "resolved", over.id)
    assert fired.summary.startswith("TEST")
    assert tried == (
        Tried("b", "webhook", False, "firing: answered 403"),
        Tried("good", "webhook", True, ""),
    )
    assert to_text(tried) == "b     firing: answered 403\ngood  delivered, firing and resolved\n"
