"""Whom somebody calls abusive, and when. Who has no label is legitimate."""

from collections.abc import Iterable

import msgspec

from kernel.control import Label as Opinion

AROUND_S = 30.0  # an attack begins before its first anomalous window, and ends before calm is certain


class Label(msgspec.Struct, frozen=True):
    """An identity that a finding or an operator calls abusive in [since, until); 0 is without end."""

    identity: str
    since: float
    until: float


class Labels(msgspec.Struct, frozen=True):
    """`legitimate`: identities that an operator vouches for, whatever a finding says.

    `ordinary`: accused addresses that did more than what accuses them. A denial takes that from them as
    well, and it is made of the accusation itself: where it is judged, they are legitimate. `greedy`: whom
    nothing accuses but how much they ask for, which is what a limit cuts.
    """

    attacks: tuple[Label, ...] = ()
    legitimate: frozenset[str] = frozenset()
    ordinary: frozenset[str] = frozenset()
    greedy: frozenset[str] = frozenset()

    def stretches(self) -> dict[str, list[tuple[float, float]]]:
        """Identity -> when it is an attack, AROUND_S wider than labelled."""
        found: dict[str, list[tuple[float, float]]] = {}
        for label in self.attacks:
            if label.identity not in self.legitimate:
                until = label.until + AROUND_S if label.until else float("inf")
                found.setdefault(label.identity, []).append((label.since - AROUND_S, until))
        return found


def is_inside(at: float, stretches: Iterable[tuple[float, float]]) -> bool:
    """Whether a time lies in one of them."""
    return any(since <= at < until for since, until in stretches)


class Vouched(msgspec.Struct, frozen=True):
    """Findings and identities that operators call legitimate."""

    findings: frozenset[str] = frozenset()
    identities: frozenset[str] = frozenset()


def vouched_by(opinions: Iterable[Opinion]) -> Vouched:
    """What operators vouch for; a label is of a finding or of an identity."""
    legitimate = [each for each in opinions if each.label == "legitimate"]
    return Vouched(
        frozenset(each.finding for each in legitimate if each.finding),
        frozenset(each.identity for each in legitimate if each.identity),
    )
