"""What the demo measured: pure functions of what was sent, found and stored.

Definitions
- onset: when the first anomalous request was sent (for a fault: the first request after it began).
- time to the finding: from the onset until the lab first read the finding in the warehouse.
- excess of the greedy client in a second: its requests above `usual_top`, the highest rate that
  any legitimate identity reached over 10 s while learning.
- mitigated: the first of two consecutive seconds (counted from the onset) in each of which 90 % of
  the excess is refused; told as the time from the onset to the beginning of that second. Refusals
  count only from the moment at which the first overlay for the client, or for everybody, was created
  after the onset: what an older limit refused is no answer to this client.
- excess let through: excess that was not refused, before and after that.
- a legitimate request: any request but those of the greedy identity between its onset and its end,
  and those of the attackers.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from kernel.findings import Finding, Overlay
from lab.record import GREEDY_LABEL, LEGITIMATE, Sent
from lab.scenario import Act, EventKind

FINDING_TARGET_S = 5.0
MITIGATION_TARGET_S = 8.0
REFUSED_TARGET = 0.005
MOST_OTHERS = 1  # a machine that stalls for seconds is found, too, and nobody played that
MITIGATED_SHARE = 0.9
EARLY_S = 2.0  # an onset is a whole second, and noise before the act may lie in its first windows
LATE_S = 6.0  # a finding this long after the end of an act still belongs to it

KIND_OF: dict[EventKind, str] = {
    "greedy client": "client-burst",
    "slow upstream": "latency-regression",
    "error burst": "error-burst",
    "credential stuffing": "credential-stuffing",
    "vulnerability scan": "vulnerability-scan",
}
PERSONAL = ("client-burst", "vulnerability-scan")  # findings that accuse somebody: of what others do, never
OF_MANY = ("credential-stuffing", "flood")  # findings that accuse many at once: true of many addresses only


class Seen(msgspec.Struct, frozen=True):
    """A finding, and when the lab first read it (seconds since 1970)."""

    finding: Finding
    at: float


class Happened(msgspec.Struct, frozen=True):
    """An act as it was played: seconds since 1970; `identities` who took part, none in a fault."""

    act: Act
    onset: float
    ended: float
    identities: frozenset[str] = frozenset()


class Mitigation(msgspec.Struct, frozen=True):
    """How the greedy client was answered. `after_s` is infinite where it was not."""

    after_s: float
    requests: int
    excess: float
    let_through: float


class Refused(msgspec.Struct, frozen=True):
    """Legitimate requests and identities, and how many of each were refused."""

    requests: int
    refused_requests: int
    identities: int
    refused_identities: int

    @property
    def share(self) -> float:
        """Share of legitimate requests refused."""
        return self.refused_requests / self.requests if self.requests else 0.0


class Telemetry(msgspec.Struct, frozen=True):
    """The account of events: what the clients sent, the proxy offered, and where it is now."""

    sent: int
    offered: int
    stored: int
    spooled: int
    lost: int

    @property
    def balances(self) -> bool:
        """Whether each request sent is in exactly one place."""
        return self.sent == self.offered == self.stored + self.spooled + self.lost


def answer_to(happened: Happened, overlays: Iterable[Overlay]) -> float:
    """When the first overlay that can be an answer to the greedy client was created; infinite: never."""
    return min(
        (
            each.created_at
            for each in overlays
            if happened.onset < each.created_at and each.identity in ("", *happened.identities)
        ),
        default=math.inf,
    )


def mitigation_of(sent: Iterable[Sent], onset: float, *, usual_top: float, answered: float) -> Mitigation:
    """Score the greedy client's requests, second by second from the onset; `answered` by `answer_to`."""
    asked: Counter[int] = Counter()
    refused: Counter[int] = Counter()
    by_answer: Counter[int] = Counter()
    for each in sent:
        if each.label != GREEDY_LABEL or each.at < onset:
            continue
        second = int(each.at - onset)
        asked[second] += 1
        refused[second] += each.is_refused
        by_answer[second] += each.is_refused and each.at >= answered
    excess = {second: max(count - usual_top, 0.0) for second, count in asked.items()}
    stopped = {second for second in asked if by_answer[second] >= MITIGATED_SHARE * excess[second] > 0.0}
    first = min((second for second in stopped if second + 1 in stopped), default=math.inf)
    through = sum(max(excess[second] - refused[second], 0.0) for second in asked)
    return Mitigation(
        after_s=float(first),
        requests=asked.total(),
        excess=sum(excess.values()),
        let_through=through,
    )


def refused_of(sent: Iterable[Sent]) -> Refused:
    """How many legitimate requests and identities were refused."""
    requests = refused = 0
    identities: set[str] = set()
    hurt: set[str] = set()
    for each in sent:
        if each.label != LEGITIMATE:
            continue
        requests += 1
        identities.add(each.identity)
        if each.is_refused:
            refused += 1
            hurt.add(each.identity)
    return Refused(requests, refused, len(identities), len(hurt))


def finding_of(happened: Happened, seen: Sequence[Seen]) -> Seen | None:
    """The first finding about an act: of its kind, about who took part, while it lasts or just after.

    A finding that names nobody is about all who take part.
    """
    return next(
        (
            each
            for each in sorted(seen, key=lambda each: each.at)
            if each.finding.kind == KIND_OF[happened.act.kind]
            and (not happened.identities or each.finding.identity in ("", *happened.identities))
            and happened.onset <= each.at <= happened.ended + LATE_S
        ),
        None,
    )


def others(seen: Sequence[Seen], explained: Iterable[Happened]) -> list[Seen]:
    """Findings that tell of nothing that was played: false alarms.

    Several findings may tell of one act (one for each route); those are no false alarms.
    """
    acts = list(explained)
    return [each for each in seen if not any(tells_of(each, happened) for happened in acts)]


def tells_of(seen: Seen, happened: Happened) -> bool:
    """Whether a finding is about an act: it began and was read while that lasted, and the act can cause it.

    A greedy client may slow the shop down or make it fail. A fault makes nobody greedy, nor a thief, and
    stolen passwords or a scan are too few to slow anything down.
    """
    finding = seen.finding
    began = happened.onset - EARLY_S <= finding.onset <= happened.ended
    if not began or not happened.onset <= seen.at <= happened.ended + LATE_S:
        return False
    if finding.kind in PERSONAL:
        return finding.identity in happened.identities
    if finding.kind in OF_MANY:
        return len(happened.identities) > 1
    return happened.act.kind == "greedy client" or finding.kind == KIND_OF[happened.act.kind]
