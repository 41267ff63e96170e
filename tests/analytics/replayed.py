"""A recommendation with what a replay of it said."""

import msgspec

from kernel.recommendations import Recommendation
from kernel.replays import Bound, Choice, Disagreement, ReplayReport, RuleHarm, Split


def report_of(rule: str, until: float, choice: Choice | None) -> ReplayReport:
    """A report about one rule."""
    nobody = Bound(0, 100, 0.03)
    harm = RuleHarm(rule, "replayable", "", Split(), Split(), 0, nobody, (), (), choice)
    return ReplayReport(
        base="b",
        candidate="c",
        since=until - 3_600,
        until=until,
        warmed_from=until - 3_660,
        chosen_until=until - 1_800,
        seen_attack=Split(),
        seen_legitimate=Split(),
        newly_attack=Split(),
        newly_legitimate=Split(),
        freed=Split(),
        rules=(harm,),
        bound=nobody,
        disagreement=Disagreement(1, 0),
        lost=0.0,
        took_s=0.1,
        caveats=(),
    )


def replayed(proposed: Recommendation, choice: Choice | None, *, after_s: float = 60.0) -> Recommendation:
    """The same with a replay up to `after_s` after it was made."""
    report = report_of(proposed.rules[0], proposed.created_at + after_s, choice)
    return msgspec.structs.replace(proposed, replay=report)
