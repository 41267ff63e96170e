"""What an approval promised, and what came of it: pure functions of what was approved and sent.

- returned: the requests of the second wave, and how many of them were refused.
- harm as the clients saw it: of the legitimate identities that asked for the rule's route since the
  approval, those that were refused there at least once.
- within the bound: the share of harmed identities is at most the upper bound that the replay promised.
"""

from collections.abc import Iterable

import msgspec

from kernel.recommendations import Realised
from kernel.replays import Bound
from lab.operating import Decided
from lab.record import ATTACK_LABEL, LEGITIMATE, Sent

RETURN_TARGET = 0.9  # of the second wave is refused


class Returned(msgspec.Struct, frozen=True):
    """Requests of attackers who came back, and how many were refused."""

    requests: int = 0
    refused: int = 0

    @property
    def share(self) -> float:
        """Share refused; nothing where nobody came."""
        return self.refused / self.requests if self.requests else 0.0


class Harm(msgspec.Struct, frozen=True):
    """Legitimate identities that met a rule, and how many of them it refused."""

    harmed: int
    n: int

    def is_within(self, promised: Bound) -> bool:
        """Whether no more came than was promised."""
        return self.harmed <= promised.upper * self.n


class Outcome(msgspec.Struct, frozen=True):
    """The operator's step: what was decided and what came of it. `realised`: the gateway's own account.

    `ready_s`: from the attack's onset until the recommendation was there with a replay; infinite: never.
    """

    ready_s: float
    decided: Decided | None
    returned: Returned
    realised: Realised | None
    clients: Harm

    @property
    def promised(self) -> Bound | None:
        """What the approval promised."""
        approval = self.decided.reviewed.approval if self.decided else None
        return approval.promised if approval else None


def returned_of(sent: Iterable[Sent], identities: frozenset[str], since: float) -> Returned:
    """The requests of some attackers from a time on."""
    theirs = [
        each
        for each in sent
        if each.label == ATTACK_LABEL and each.at >= since and each.identity in identities
    ]
    return Returned(len(theirs), sum(each.is_refused for each in theirs))


def harm_of(sent: Iterable[Sent], route: str, since: float) -> Harm:
    """Legitimate identities on a route (empty: on any) from a time on."""
    met = [
        each for each in sent if each.label == LEGITIMATE and each.at >= since and route in ("", each.route)
    ]
    return Harm(
        harmed=len({each.identity for each in met if each.is_refused}),
        n=len({each.identity for each in met}),
    )
