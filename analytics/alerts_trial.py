"""A trial: every sink is sent a marked alert, firing and then resolved, once and without a queue."""

from collections.abc import Sequence

import msgspec

from analytics.alerting import Alert
from analytics.sinks import NotDelivered, Sink, send
from kernel.findings import Observation

NAME = "test"
DEADLINE_S = 5.0


class Tried(msgspec.Struct, frozen=True):
    """How a sink fared; `failure` is empty where it took both."""

    sink: str
    type: str
    delivered: bool
    failure: str


def try_sinks(sinks: Sequence[Sink], tenant: str, now: float) -> tuple[Tried, ...]:
    """One after the other, DEADLINE_S for each exchange. `now`: seconds since 1970."""
    fired = marked(tenant, now)
    resolved = msgspec.structs.replace(fired, state="resolved", ends_at=now)
    return tuple(try_sink(sink, (fired, resolved), now) for sink in sinks)


def try_sink(sink: Sink, alerts: Sequence[Alert], now: float) -> Tried:
    """Until one is not taken."""
    try:
        for alert in alerts:
            send(sink, (alert,), now=now, within_s=DEADLINE_S)
    except NotDelivered as fact:
        return Tried(sink.name, sink.type, False, f"{alert.state}: {fact}")
    return Tried(sink.name, sink.type, True, "")


def marked(tenant: str, now: float) -> Alert:
    """An alert that nobody can take for a real one; its id differs from trial to trial."""
    return Alert(
        id=f"{NAME}-{now:.3f}",
        name=NAME,
        labels={"alertname": "tidegate-test", "tenant": tenant},
        state="firing",
        severity="info",
        summary="TEST: `tidegate alerts test` sent this; nothing is wrong",
        starts_at=now,
        ends_at=0.0,
        findings=(),
        observations=(Observation("trials", 1.0, 1.0, "trials"),),
        evidence="nobody",
    )


def to_text(tried: Sequence[Tried]) -> str:
    """A line for each sink."""
    width = max(len(each.sink) for each in tried)
    lines = (f"{each.sink:<{width}}  {each.failure or 'delivered, firing and resolved'}" for each in tried)
    return "\n".join(lines) + "\n"
