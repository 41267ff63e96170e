"""lab.alerted: each kind of trouble that was found is told, in time, signed and once."""

import math

import msgspec

from lab.alerted import ALERT_TARGET_S, alerts_of, delay_of
from lab.receiver import Received
from lab.scoring import Seen
from tests.lab.test_receiver import ALERT
from tests.lab.test_scoring import FINDING

FOUND_AT = FINDING.found_at
FIRST = Seen(FINDING, FOUND_AT + 0.2)


def received(at: float, *, id_: str = "a", name: str = "client-burst", resolved: bool = False) -> Received:
    alert = msgspec.structs.replace(ALERT, id=id_, name=name, state="resolved" if resolved else "firing")
    return Received(alert, at)


def test_a_kind_is_told_by_the_first_alert_that_fires_for_it() -> None:
    came = [received(FOUND_AT + 3.0), received(FOUND_AT + 1.5, id_="b"), received(FOUND_AT, name="flood")]
    assert round(delay_of("client-burst", FOUND_AT, came), 3) == 1.5


def test_a_resolved_alert_alone_tells_of_nothing() -> None:
    assert math.isinf(delay_of("client-burst", FOUND_AT, [received(FOUND_AT + 1.0, resolved=True)]))


def test_all_told_once_and_in_time_is_whole() -> None:
    found = alerts_of(
        [FIRST, None, FIRST], [received(FOUND_AT + 1.5), received(FOUND_AT + 30.0, resolved=True)], 0
    )
    assert (found.kinds, found.told, round(found.latest_s, 3), found.received) == (1, 1, 1.5, 2)
    assert found.is_whole


def test_a_kind_that_is_not_told_or_late_is_not_whole() -> None:
    assert not alerts_of([FIRST], [], 0).is_whole
    assert not alerts_of([FIRST], [received(FOUND_AT + ALERT_TARGET_S + 0.1)], 0).is_whole


def test_the_same_alert_in_the_same_state_again_is_told_twice() -> None:
    came = [received(FOUND_AT + 1.0), received(FOUND_AT + 2.0), received(FOUND_AT + 9.0, resolved=True)]
    found = alerts_of([FIRST], came, 0)
    assert found.twice == 1
    assert not found.is_whole


def test_a_bad_signature_is_not_whole() -> None:
    assert not alerts_of([FIRST], [received(FOUND_AT + 1.0)], 1).is_whole


def test_of_two_findings_of_a_kind_the_first_counts() -> None:
    later = Seen(msgspec.structs.replace(FINDING, id="2", found_at=FOUND_AT + 60.0), FOUND_AT + 60.0)
    assert alerts_of([later, FIRST], [received(FOUND_AT + 1.0)], 0).latest_s > 0.9


def test_a_severity_that_rises_is_not_told_twice() -> None:
    first = received(FOUND_AT + 1.0)
    graver = msgspec.structs.replace(first, alert=msgspec.structs.replace(first.alert, raised=1))
    assert alerts_of([FIRST], [first, graver], 0).twice == 0
    assert alerts_of([FIRST], [first, graver, graver], 0).twice == 1
