"""What is usual in this hour of the week, by the same hour of past weeks. Pure.

Of each past week the greatest of the hour's ten minutes counts, of the weeks the median: one odd
Monday moves nothing. What is expected now is never less than what the last ten minutes show.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median

from analytics.demand import Usual
from warehouse.demand import DemandRow

WEEKS = 4
HOUR_S, WEEK_S = 3_600, 604_800
NOTED_S = 600  # a note tells of so long

Join = Callable[[Sequence[float]], float]


def same_hours(now: float) -> list[int]:
    """The first seconds of this hour of the week in the WEEKS weeks before, latest first."""
    hour = int(now) // HOUR_S * HOUR_S
    return [hour - week * WEEK_S for week in range(1, WEEKS + 1)]


def to_row(scope: str, usual: Usual, until: int) -> DemandRow:
    """What was usual in the ten minutes that `until` lies behind."""
    since = (until // NOTED_S - 1) * NOTED_S
    return DemandRow(scope, since, usual.identities, usual.fitted, usual.greatest, usual.together)


class Weekly:
    """Holds the past of one hour; a few numbers for each scope."""

    def __init__(self) -> None:
        self._hour = -1
        self._past: Mapping[str, DemandRow] = {}

    def is_due(self, now: float) -> bool:
        """Whether another hour has begun than the one whose past is held."""
        return int(now) // HOUR_S != self._hour

    def take(self, rows: Iterable[DemandRow], now: float) -> None:
        """Hold the rows of `same_hours(now)`."""
        self._hour = int(now) // HOUR_S
        weeks: dict[str, dict[int, list[DemandRow]]] = defaultdict(lambda: defaultdict(list))
        for row in rows:
            weeks[row.scope][row.since // HOUR_S].append(row)
        self._past = {
            scope: joined([joined(hour, max) for hour in hours.values()], median)
            for scope, hours in weeks.items()
        }

    def expected(self, scope: str, recent: Usual) -> Usual:
        """`recent`, or more where past weeks had more at this hour."""
        past = self._past.get(scope)
        if past is None:
            return recent
        return Usual(
            identities=max(recent.identities, past.identities),
            learnt_s=max(recent.learnt_s, NOTED_S),
            fitted=greater(recent.fitted, past.fitted),
            greatest=greater(recent.greatest, past.greatest),
            together=tuple(int(each) for each in greater(recent.together, past.together)),
        )


def joined(rows: Sequence[DemandRow], how: Join) -> DemandRow:
    """One row of several of a scope, number by number."""

    def each(columns: Iterable[tuple[float, ...]]) -> tuple[float, ...]:
        return tuple(float(how(column)) for column in zip(*columns, strict=True))

    return DemandRow(
        scope=rows[0].scope,
        since=rows[0].since,
        identities=int(how([row.identities for row in rows])),
        fitted=each(row.fitted for row in rows),
        greatest=each(row.greatest for row in rows),
        together=tuple(int(one) for one in each(row.together for row in rows)),
    )


def greater(one: Sequence[float], other: Sequence[float]) -> tuple[float, ...]:
    """Number by number."""
    return tuple(max(pair) for pair in zip(one, other, strict=True))
