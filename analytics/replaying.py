"""What a policy would have done to stored requests: both policies run side by side over the same chunks.

Order and time are those of the decision: the end of a request's head. Before the range both limiters are
warmed; what is then counted are requests that ended in [since, until). The revision that judged most of
them (the base, or a third policy beside) is compared with what was decided when they came. Limits are taken
as chosen on the first half of the time in which there were requests: harm is bounded on the second, over
identities that were there in the first.
"""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, Protocol

from analytics.comparison import Comparison, Situation
from analytics.replay_caveats import caveats_of
from analytics.replay_rules import NotReplayable, compiled
from kernel.replays import ReplayReport, ReplayRequest
from kernel.snapshot import Snapshot
from warehouse.readers_replay import (
    LONGEST_S,
    CombinationColumns,
    RowColumns,
    SpanColumns,
    Stretch,
    Wording,
)

MOST_STEPS: Final = 100_000  # of the span: coarser steps for longer ranges


class Cancelled(Exception):
    """Whoever watched the progress asked to stop."""


class Source(Protocol):
    """Where requests come from: warehouse.readers_replay.ReplayReader, or a test's."""

    def span(self, since: float, until: float, *, step_s: int, unrouted: bool) -> SpanColumns: ...
    def rows(self, stretch: Stretch, wording: Wording) -> RowColumns: ...
    def combinations(self, stretch: Stretch, wording: Wording) -> CombinationColumns: ...


def replay(
    request: ReplayRequest,
    situation: Situation,
    source: Source,
    *,
    progress: Callable[[float], bool],
    clock: Callable[[], float],
) -> ReplayReport:
    """Replay a candidate. `progress` is told shares between 0 and 1; where it answers False, Cancelled is
    raised. `clock` measures how long it took. Raises NotReplayable where a policy is broken.
    """
    began = clock()
    if request.until <= request.since:
        raise NotReplayable("the range is empty: it must end after it begins")
    hash_key = situation.hash_key
    base = compiled(situation.base, "base", at=request.since, hash_key=hash_key)
    candidate = compiled(request.policy, "candidate", at=request.since, hash_key=hash_key)
    then = then_of(situation, request)
    comparison = Comparison(request, situation, base=base, candidate=candidate, then=then)
    span = source.span(
        comparison.warmed_from,
        request.until,
        step_s=step_of(comparison.warmed_from, request),
        unrouted=comparison.wording.unrouted,
    )
    comparison.begins(first_of(span, request.since))
    for share, stretch in stretches_of(span, comparison.warmed_from, request, situation.chunk_rows):
        if not progress(share):
            raise Cancelled
        rows = source.rows(stretch, comparison.wording)
        if len(rows.decided):
            comparison.add(rows, partial(source.combinations, stretch, comparison.wording))
    progress(1.0)
    return comparison.report(caveats_of(comparison, span), took_s=clock() - began)


def then_of(situation: Situation, request: ReplayRequest) -> Snapshot | None:
    """The revision of that time; None where it is the base, or no policy that can be loaded any more."""
    if not situation.then:
        return None
    with contextlib.suppress(NotReplayable):
        return compiled(situation.then, "then", at=request.since, hash_key=situation.hash_key)
    return None


def first_of(span: SpanColumns, since: float) -> float:
    """When the first request of the range is there, to a step; `since` where none is."""
    found = (began for began, requests in zip(span.began, span.requests, strict=True) if requests)
    return next((float(began) for began in found if began >= since), since)


def step_of(warmed_from: float, request: ReplayRequest) -> int:
    """Seconds per step of the span."""
    return max(1, int((request.until - warmed_from) / MOST_STEPS))


def stretches_of(
    span: SpanColumns, warmed_from: float, request: ReplayRequest, most: int
) -> Iterator[tuple[float, Stretch]]:
    """Chunks of about `most` requests, and the share of all requests that lies before each."""
    total = max(1, sum(span.requests))
    after, pending, done = warmed_from - LONGEST_S, 0, 0
    for began, requests in zip(span.began, span.requests, strict=True):
        if pending and pending + requests > most and began > after:
            yield done / total, Stretch(warmed_from, request.until, after, began)
            after, done, pending = float(began), done + pending, 0
        pending += requests
    yield done / total, Stretch(warmed_from, request.until, after, request.until)
