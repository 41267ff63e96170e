"""A real receiver gets what a sink is sent: signed, or as Alertmanager's API v2 has it."""

import hashlib
import hmac
import socket
from collections.abc import Iterator

import msgspec
import pytest

from analytics.sinks import NotDelivered, Sink, send, wished_wait
from kernel.findings import Observation
from tests.analytics.receiving import ALERT, OVER, Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def refusal(sink: Sink, within_s: float = 5.0) -> NotDelivered:
    """Why a sink did not take an alert."""
    with pytest.raises(NotDelivered) as caught:
        send(sink, (ALERT,), now=150.0, within_s=within_s)
    return caught.value


def test_a_webhook_is_signed_over_time_and_body(receiver: Receiver) -> None:
    send(receiver.webhook(secret=b"s"), (ALERT,), now=150.0, within_s=5.0)
    (taken,) = receiver.taken
    expected = hmac.new(b"s", b"150." + taken.body, hashlib.sha256).hexdigest()
    assert (taken.path, taken.signature) == ("/in", f"t=150,v1={expected}")
    assert receiver.alerts() == [ALERT]


def test_an_alertmanager_gets_stable_labels_and_times(receiver: Receiver) -> None:
    told = msgspec.structs.replace(
        ALERT,
        labels={**ALERT.labels, "identity_class": ""},
        observations=(Observation("rate", 20.0, 2.0, "requests/s"),),
        runbook="docs/runbooks/flood.md",
    )
    over = msgspec.structs.replace(told, state="resolved", ends_at=200.0, severity="warning")
    send(receiver.alertmanager(), (told,), now=150.0, within_s=5.0)
    send(receiver.alertmanager(), (over,), now=210.0, within_s=5.0)
    (fired,), (ended,) = (msgspec.json.decode(each.body) for each in receiver.taken)
    assert receiver.taken[0].path == "/api/v2/alerts"
    assert fired["labels"] == ended["labels"] == ALERT.labels  # an empty label is none
    assert fired["startsAt"] == ended["startsAt"] == "1970-01-01T00:01:40.000Z"
    assert (fired["endsAt"], ended["endsAt"]) == ("1970-01-01T00:07:30.000Z", "1970-01-01T00:03:20.000Z")
    assert fired["annotations"] == {
        "findings": "a",
        "observations": "rate 20 requests/s, expected 2",
        "runbook": "docs/runbooks/flood.md",
        "severity": "critical",
        "summary": "ten times as many",
    }


def test_an_alertmanager_is_told_who_calls(receiver: Receiver) -> None:
    by_token = msgspec.structs.replace(receiver.alertmanager(), token="t")
    by_password = msgspec.structs.replace(receiver.alertmanager(), user="u", password="p")
    for sink in (by_token, by_password):
        send(sink, (ALERT, OVER), now=150.0, within_s=5.0)
    assert [each.fields["authorization"] for each in receiver.taken] == ["Bearer t", "Basic dTpw"]
    assert len(msgspec.json.decode(receiver.taken[0].body)) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 422])
def test_what_can_never_succeed_is_final(receiver: Receiver, status: int) -> None:
    receiver.status = status
    fact = refusal(receiver.webhook())
    assert (str(fact), fact.is_final) == (f"answered {status}", True)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_what_may_succeed_later_is_not_final(receiver: Receiver, status: int) -> None:
    receiver.status = status
    receiver.answered = {"Retry-After": "7"}
    fact = refusal(receiver.webhook())
    assert (fact.is_final, fact.again_after_s) == (False, 7.0)


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.status = 307
    receiver.answered = {"Location": f"{receiver.url}/elsewhere"}
    fact = refusal(receiver.webhook())
    assert (str(fact), fact.is_final) == ("answered 307; redirects are not followed", True)
    assert len(receiver.taken) == 1


def test_a_sink_that_hangs_has_a_deadline(receiver: Receiver) -> None:
    receiver.held.clear()
    fact = refusal(receiver.webhook(), within_s=0.2)
    assert (str(fact), fact.is_final) == ("no answer within 0.2 s", False)


def test_a_sink_that_is_not_there_is_told_without_its_url() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    fact = refusal(Sink("chat", "webhook", f"http://127.0.0.1:{port}/secret", secret=b"s"))
    assert (str(fact), fact.is_final) == (f"127.0.0.1:{port} cannot be connected to", False)


def test_a_wait_is_bounded_and_nonsense_is_none() -> None:
    assert wished_wait("99999", 0.0) == 600.0
    assert wished_wait("Thu, 01 Jan 1970 00:00:10 GMT", 70.0) == 0.0
    assert [wished_wait(text, 0.0) for text in ("", "soon", "-5", "٣")] == [0.0] * 4
    assert wished_wait("1 Jan 2020 0:0:0 +99999999999999999999", 0.0) == 0.0
