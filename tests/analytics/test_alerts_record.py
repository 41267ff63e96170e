"""What is written down of deliveries: when each was taken up, and what fires in the words of now."""

from collections.abc import Sequence

import msgspec

from analytics.alerts_journal import Step
from analytics.alerts_record import RENEW_EVERY_S, WRITE_AGAIN_S, Record
from analytics.delivering import Delivery
from analytics.posting import Clocks
from tests.analytics.receiving import ALERT

FIRED = Delivery(ALERT, "hook")
TOLD = Delivery(ALERT, "hook", 1, True)
RAISED = Delivery(msgspec.structs.replace(ALERT, severity="critical", raised=1), "hook")


class Page:
    """What was written, each time; while it is `away` it fails as the warehouse does. And the time."""

    def __init__(self) -> None:
        self.written: list[Step] = []
        self.away = False
        self.now = 100.0

    def keep(self, steps: Sequence[Step]) -> None:
        if self.away:
            raise ConnectionRefusedError
        self.written += steps

    def read(self) -> float:
        return self.now

    def record(self) -> Record:
        return Record(self, Clocks(self.read, self.read, self.read))


def test_when_a_delivery_was_taken_up_is_kept() -> None:
    page = Page()
    record = page.record()
    record.resume([Step(FIRED, 5.0, 0.0)])
    record.note(TOLD)
    record.write()
    assert page.written == [Step(TOLD, 5.0, 100.0)]


def test_a_graver_alert_is_taken_up_anew_and_no_older_news_replaces_it() -> None:
    page = Page()
    record = page.record()
    record.note(FIRED)
    page.now = 110.0
    record.note(RAISED)
    record.note(TOLD)  # it was being sent meanwhile
    record.write()
    assert page.written == [Step(RAISED, 110.0, 0.0)]


def test_what_fires_is_renewed_once_in_a_while_where_it_changed() -> None:
    page = Page()
    record = page.record()
    record.resume([Step(TOLD, 5.0, 6.0)])
    record.renew({ALERT.id: ALERT})
    changed = msgspec.structs.replace(ALERT, summary="more")
    record.renew({ALERT.id: changed})
    record.write()
    assert page.written == []
    page.now += RENEW_EVERY_S
    record.renew({ALERT.id: changed})
    record.write()
    assert page.written == [Step(msgspec.structs.replace(TOLD, alert=changed), 5.0, 6.0)]
    page.now += RENEW_EVERY_S
    record.renew({})
    record.renew({ALERT.id: ALERT})
    record.write()
    assert len(page.written) == 1


def test_while_the_warehouse_is_away_steps_wait() -> None:
    page = Page()
    record = page.record()
    page.away = True
    record.note(FIRED)
    record.write()
    page.away = False
    record.note(TOLD)
    record.write()
    assert page.written == []
    page.now += WRITE_AGAIN_S
    record.write()
    assert [each.delivery for each in page.written] == [TOLD]
