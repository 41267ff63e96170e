from collections.abc import Iterator

import msgspec
import pytest

from analytics.control import Control
from analytics.engine import Engine
from analytics.proposer import EVERY_S, Proposer
from analytics.publisher import FOLLOW_EVERY_S, HEAR_EVERY_S, Publisher
from kernel.patch import AddLimit, Patch
from kernel.recommendations import Reviewed
from tests.analytics.controls import TOKEN, Endpoint, endpoint
from tests.analytics.policies import PER_CLIENT
from tests.analytics.proposing import Witnessing
from tests.analytics.traffic import greedy, quiet, windows_of
from tests.console.recommended import recommendation


class Hand:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Play:
    """A publisher, its endpoint, and an engine that has found a greedy client."""

    def __init__(self, told: Endpoint) -> None:
        self.told, self.clock = told, Hand()
        self.control = Control(told.url, "default", token=TOKEN, holder="me")
        self.publisher = Publisher(self.control, self.clock)
        self.engine = Engine("default")
        windows = windows_of(sorted([*quiet(seconds=45), *greedy(38.0, 45.0)]))
        self.now = float(windows[-1].second + 1)
        self.engine.advance(windows, windows[-1].second + 1, self.now)

    def round(self, loss: float = 0.0) -> int:
        """One tick; how many overlays are news."""
        self.clock.now += FOLLOW_EVERY_S + 2
        self.now += FOLLOW_EVERY_S + 2
        self.publisher.refresh(self.now, self.engine)
        return len(self.publisher.publish(self.now, self.engine, loss))


@pytest.fixture
def play() -> Iterator[Play]:
    with endpoint() as told:
        one = Play(told)
        yield one
        one.control.close()


def test_an_overlay_is_put_once_and_told_once(play: Play) -> None:
    assert play.round() == 1
    assert [each.identity for each in play.told.overlays] == ["ip:203.0.113.9"]
    assert play.round() == 0
    assert play.told.calls.count("PUT /v1/overlays") == 1


def test_an_unreachable_endpoint_is_tried_again(play: Play) -> None:
    play.round()
    play.told.overlays, play.told.version = (), 0
    play.told.refuse = 503
    assert play.round() == 0
    play.told.refuse = 0
    play.round()
    assert len(play.told.overlays) == 1


def test_nothing_is_put_without_the_lease(play: Play) -> None:
    play.told.held = False
    assert play.round() == 0
    assert not play.publisher.is_active
    assert play.told.overlays == ()
    play.told.held = True
    assert play.round() == 1


def test_nothing_is_put_while_paused(play: Play) -> None:
    play.told.paused = True
    assert play.round() == 0
    play.told.paused = False
    assert play.round() == 1


def test_nothing_is_put_while_telemetry_is_lossy(play: Play) -> None:
    assert play.round(loss=0.05) == 0


def test_a_broken_policy_leaves_the_old_one(play: Play) -> None:
    play.round()
    before = play.publisher.policy
    play.told.text, play.told.revision = "nonsense: [", "r2"
    play.round()
    assert play.publisher.policy is before


def test_without_an_endpoint_nothing_is_published() -> None:
    publisher = Publisher(None, Hand())
    engine = Engine("t")
    publisher.refresh(1.0, engine)
    assert publisher.publish(1.0, engine, 0.0) == ()
    assert publisher.is_active


def test_proposals_are_told_once_and_again_where_nobody_took_them(play: Play) -> None:
    publisher = Publisher(play.control, play.clock, proposer=Proposer(Witnessing()))
    publisher.propose(play.now, play.engine)
    assert list(play.told.recommended) == []  # no policy yet
    play.clock.now += FOLLOW_EVERY_S
    publisher.refresh(play.now, play.engine)
    play.told.refuse = 503
    publisher.propose(play.now, play.engine)
    assert list(play.told.recommended) == []
    play.told.refuse = 0
    for _ in range(2):
        play.now += EVERY_S
        publisher.propose(play.now, play.engine)
    assert play.told.calls.count("PUT /v1/recommendations") == 1
    assert [made.patch.base for made in play.told.recommended] == ["r1"]


def test_a_paused_loop_proposes_nothing(play: Play) -> None:
    play.told.paused = True
    publisher = Publisher(play.control, play.clock, proposer=Proposer(Witnessing()))
    play.clock.now += FOLLOW_EVERY_S
    publisher.refresh(play.now, play.engine)
    publisher.propose(play.now, play.engine)
    assert "PUT /v1/recommendations" not in play.told.calls


def test_what_is_open_and_over_is_taken_back(play: Play) -> None:
    covered = msgspec.structs.replace(recommendation(), patch=Patch("r1", (AddLimit(PER_CLIENT),)))
    play.told.reviewed = (Reviewed(covered, "open", 1.0),)
    publisher = Publisher(play.control, play.clock, proposer=Proposer(Witnessing()))
    play.clock.now += FOLLOW_EVERY_S
    publisher.refresh(play.now, play.engine)
    publisher.propose(play.now, play.engine)
    assert [(each.recommendation, each.reason) for each in play.told.withdrawn] == [
        (covered.id, "The policy covers it.")
    ]
    assert play.told.calls.count("GET /v1/recommendations") == 1
    play.now += EVERY_S
    publisher.propose(play.now, play.engine)
    assert play.told.calls.count("GET /v1/recommendations") == 1
    play.clock.now += HEAR_EVERY_S
    publisher.propose(play.now + EVERY_S, play.engine)
    assert play.told.calls.count("GET /v1/recommendations") == 2


def test_an_outage_of_the_console_is_told_once_and_its_end_once(
    play: Play, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "tidegate.analytics")
    publisher = Publisher(play.control, play.clock, proposer=Proposer(Witnessing()))
    for refuse in (0, 503, 503, 503, 0, 0, 503):
        play.told.refuse = refuse
        play.clock.now += HEAR_EVERY_S
        publisher.refresh(play.now, play.engine)
        publisher.propose(play.now, play.engine)
    told = [each.getMessage() for each in caplog.records if "control" in each.getMessage()]
    assert [text.partition(":")[0].partition(",")[0] for text in told] == [
        "control",
        "control answers again",
        "control",
    ]
