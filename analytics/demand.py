"""How much a limit's routes are asked for in all, abusers aside: for limits keyed by route or global."""

from collections.abc import Mapping
from typing import NamedTuple

from analytics.population import BLOCK_S, BLOCKS
from analytics.windows import SPANS


class Usual(NamedTuple):
    """What is usual within a scope. Requests per span of SPANS.

    `fitted` is the 99.9th percentile over identities, `greatest` the greatest maximum of one that is
    not abusive, `together` the greatest sum of all of them.
    """

    identities: int
    learnt_s: int
    fitted: tuple[float, ...]
    greatest: tuple[float, ...]
    together: tuple[int, ...]


class Demand:
    """The greatest sums of the last ten minutes per scope; a few numbers for each."""

    def __init__(self) -> None:
        self._recent: dict[str, dict[int, int]] = {}  # scope -> second -> requests
        self._maxima: dict[str, dict[int, list[int]]] = {}  # scope -> minute -> greatest sum per span

    def learn(self, second: int, requests: Mapping[str, int]) -> None:
        """Take in one window's requests per scope; windows come in order."""
        for scope, count in requests.items():
            recent = self._recent.setdefault(scope, {})
            recent[second] = count
            for old in [each for each in recent if each <= second - SPANS[-1]]:
                del recent[old]
            minutes = self._maxima.setdefault(scope, {})
            greatest = minutes.setdefault(second // BLOCK_S, [0] * len(SPANS))
            for index, span in enumerate(SPANS):
                summed = sum(count for at, count in recent.items() if at > second - span)
                greatest[index] = max(greatest[index], summed)
            for old in [each for each in minutes if each <= second // BLOCK_S - BLOCKS]:
                del minutes[old]

    def greatest(self, scope: str) -> tuple[int, ...]:
        """Greatest sum per span over the last ten minutes; zeros where nothing is known."""
        minutes = self._maxima.get(scope, {})
        return tuple(
            max((each[index] for each in minutes.values()), default=0) for index in range(len(SPANS))
        )
