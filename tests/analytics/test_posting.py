"""One thread for each sink, with real receivers: retries, repeats, and an end within its time."""

import time
from collections.abc import Iterator
from queue import SimpleQueue

import msgspec
import pytest

from analytics.delivering import Delivery
from analytics.posting import REPEAT_EVERY_S, Clocks, Postman
from analytics.sinks import Sink
from tests.analytics.receiving import ALERT, OVER, Receiver, receiving
from tests.integration.proxies import eventually

DEADLINE_S = 10.0


class Bench:
    """A postman, a clock that is moved by hand, and what it says."""

    def __init__(self, sink: Sink) -> None:
        self.now = 1_000.0
        self.fared: SimpleQueue[Delivery] = SimpleQueue()
        clocks = Clocks(self.read, self.read, self.read)
        self.postman = Postman(sink, clocks=clocks, jitter=lambda: 0.5, fared=self.fared.put)
        self.postman.start()

    def read(self) -> float:
        return self.now

    def wait(self) -> Delivery:
        """The next thing that is said."""
        return self.fared.get(timeout=DEADLINE_S)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture
def bench(receiver: Receiver) -> Iterator[Bench]:
    bench = Bench(receiver.webhook())
    yield bench
    bench.postman.end(bench.now)


def test_what_fails_is_tried_again(receiver: Receiver, bench: Bench) -> None:
    receiver.status = 503
    bench.postman.put(ALERT)
    failed = bench.wait()
    assert (failed.is_settled, failed.failure) == (False, "answered 503")
    receiver.status = 200
    bench.now += 2.0
    bench.postman.put(OVER)
    superseded, told = bench.wait(), bench.wait()
    assert superseded.is_settled
    assert (told.alert, told.is_delivered) == (OVER, True)


def test_what_is_refused_for_good_is_given_up(receiver: Receiver, bench: Bench) -> None:
    receiver.status = 410
    bench.postman.put(ALERT)
    told = bench.wait()
    assert (told.is_settled, told.is_delivered, told.failure) == (True, False, "answered 410")


def test_a_bug_in_sending_is_told_without_the_url_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(Sink("hook", "webhook", "http://127.0.0.1:99999/hidden", secret=b"s"))
    bench.postman.put(ALERT)
    assert bench.wait().failure == "sending crashed by ExceptionGroup"
    bench.now += 100.0
    assert bench.wait().tried == 2
    bench.postman.end(bench.now)
    assert "sending crashed" in caplog.text
    assert "hidden" not in caplog.text


def test_a_sink_that_hangs_holds_no_other_up(receiver: Receiver, bench: Bench) -> None:
    receiver.held.clear()
    bench.postman.put(ALERT)
    with receiving() as other:
        quick = Bench(other.webhook("other"))
        quick.postman.put(ALERT)
        assert quick.wait().is_delivered
        quick.postman.end(quick.now)
    assert bench.fared.empty()
    receiver.held.set()
    assert bench.wait().is_delivered


def test_an_alertmanager_is_told_again_before_it_forgets(receiver: Receiver) -> None:
    bench = Bench(receiver.alertmanager())
    bench.postman.repeat((ALERT,))
    bench.postman.put(ALERT)
    assert bench.wait().is_delivered
    bench.now += REPEAT_EVERY_S
    bench.postman.repeat((ALERT,))
    eventually(lambda: len(receiver.taken) == 2, "it is repeated")
    bench.postman.repeat((ALERT,), at_once=True)
    eventually(lambda: len(receiver.taken) == 3, "it is repeated at once")
    (repeated,) = msgspec.json.decode(receiver.taken[1].body)
    assert repeated["endsAt"] == "1970-01-01T00:22:40.000Z"
    bench.postman.end(bench.now)


def test_a_repeat_that_fails_is_tried_again_soon(receiver: Receiver) -> None:
    receiver.status = 500
    bench = Bench(receiver.alertmanager())
    bench.postman.repeat((ALERT,), at_once=True)
    eventually(lambda: receiver.taken, "it is repeated")
    receiver.status = 200
    bench.now += 20.0
    eventually(lambda: len(receiver.taken) == 2, "it is repeated once more")
    bench.postman.end(bench.now)


def test_a_webhook_is_told_once(receiver: Receiver, bench: Bench) -> None:
    bench.postman.repeat((ALERT,), at_once=True)
    bench.postman.put(ALERT)
    assert bench.wait().is_delivered
    assert len(receiver.taken) == 1


def test_what_is_forgotten_is_not_sent(receiver: Receiver, bench: Bench) -> None:
    receiver.status = 500
    bench.postman.put(ALERT)
    bench.wait()
    bench.postman.forget()
    bench.now += 100.0
    bench.postman.put(OVER)
    bench.wait()
    assert receiver.states() == [(ALERT.id, "firing"), (OVER.id, "resolved")]


def test_at_the_end_what_waits_is_tried_once_more(receiver: Receiver, bench: Bench) -> None:
    receiver.status = 500
    bench.postman.put(ALERT)
    bench.wait()
    receiver.status = 200
    bench.postman.end(bench.now + 5.0)
    bench.postman.join()
    assert bench.wait().is_delivered


def test_the_end_does_not_wait_for_a_sink_that_hangs(receiver: Receiver, bench: Bench) -> None:
    receiver.held.clear()
    bench.postman.put(ALERT)
    eventually(lambda: receiver.taken, "it is sent")
    began = time.monotonic()
    bench.postman.end(bench.now + 0.1)
    bench.postman.join()
    assert time.monotonic() - began < DEADLINE_S / 2
