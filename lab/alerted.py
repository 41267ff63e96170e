"""How the alerts answered what was found: pure functions of findings and of what the receiver took."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from lab.receiver import Received
from lab.scoring import Seen

ALERT_TARGET_S = 8.0  # of these an alert may wait three for the recommendation that it links


class Alerts(msgspec.Struct, frozen=True):
    """What the webhook's receiver got. `kinds`: of trouble that was found, `told`: of these, told.

    `latest_s`: the longest time from a finding to the first alert of its kind; `twice`: alerts that came
    again in the same state and no graver; `refused`: requests with a bad signature.
    """

    kinds: int
    told: int
    latest_s: float
    received: int
    refused: int
    twice: int

    @property
    def is_whole(self) -> bool:
        """Whether each kind was told, in time, signed, and once."""
        in_time = self.told == self.kinds and self.latest_s <= ALERT_TARGET_S
        return in_time and not self.refused and not self.twice


def alerts_of(found: Iterable[Seen | None], received: Sequence[Received], refused: int) -> Alerts:
    """Score the alerts against the first finding of each kind."""
    first: dict[str, float] = {}
    for seen in found:
        if seen is not None:
            at = seen.finding.found_at
            first[seen.finding.kind] = min(at, first.get(seen.finding.kind, math.inf))
    delays = [delay_of(kind, at, received) for kind, at in first.items()]
    told = [delay_s for delay_s in delays if not math.isinf(delay_s)]
    times = Counter((each.alert.id, each.alert.state, each.alert.raised) for each in received)
    return Alerts(
        kinds=len(first),
        told=len(told),
        latest_s=max(told, default=0.0),
        received=len(received),
        refused=refused,
        twice=sum(count - 1 for count in times.values()),
    )


def delay_of(kind: str, found_at: float, received: Iterable[Received]) -> float:
    """Seconds from a finding to the first alert that tells of its kind; infinite: none does."""
    arrived = (each.at for each in received if each.alert.name == kind and each.alert.state == "firing")
    return min((max(at - found_at, 0.0) for at in arrived), default=math.inf)
