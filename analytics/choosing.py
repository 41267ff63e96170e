"""A limit's value from data: what a replay chose (see `analytics.curves`) is taken up, or of no use. Pure.

The first value comes from what peers do. Once the change was replayed, it is known which of the values
around it would have refused most of the attack, and nobody else in the earlier half of the traffic; harm
is bounded on the later half, by the next replay. Where none refuses a useful share, a limit is noise.
"""

from typing import Final

import msgspec

from kernel.patch import AddLimit, Patch
from kernel.policy import Limit
from kernel.recommendations import Recommendation
from kernel.replays import Choice
from kernel.wording import to_rate

LEAST_REFUSED: Final = 0.2  # of an attack's requests: a limit that refuses less is not worth a rule
BETTER: Final = 1.2  # times as much of it: else the value that is proposed stays
PATIENCE_S: Final = 30.0  # an attack that has just begun has not tried often enough


def chosen(replayed: Recommendation) -> Recommendation | None:
    """The same with a better value; None where there is none."""
    choice = choice_of(replayed)
    limit = limit_of(replayed)
    if choice is None or limit is None or choice.refused < LEAST_REFUSED:
        return None
    is_better = choice.harmed_now > 0 or choice.refused > BETTER * choice.refused_now
    if not is_better or (choice.rate, choice.burst) == (limit.rate, limit.burst):
        return None
    better = msgspec.structs.replace(limit, rate=choice.rate, burst=choice.burst)
    return msgspec.structs.replace(
        replayed,
        title=title_of(replayed.kind, better),
        reason=f"{replayed.evidence.what}. Of the values that a replay tried, this one refused "
        f"{choice.refused:.0%} of the attack's requests, and nobody else in the earlier half of the traffic; "
        f"the value by peers alone ({to_text(limit)}) refused {choice.refused_now:.0%}"
        + (f" and {choice.harmed_now} others." if choice.harmed_now else "."),
        patch=Patch(replayed.patch.base, (AddLimit(better),)),
        replay=None,
    )


def is_useless(replayed: Recommendation) -> bool:
    """Whether no value of its limit refuses a useful share of the attack without harm."""
    choice, report = choice_of(replayed), replayed.replay
    if choice is None or report is None or report.until < replayed.created_at + PATIENCE_S:
        return False
    is_harmless = not choice.harmed_now and choice.refused_now >= LEAST_REFUSED
    return choice.refused < LEAST_REFUSED and not is_harmless


def choice_of(replayed: Recommendation) -> Choice | None:
    """What its replay chose; None where it has none."""
    rules = replayed.replay.rules if replayed.replay else ()
    return next((each.choice for each in rules if each.rule in replayed.rules), None)


def limit_of(proposed: Recommendation) -> Limit | None:
    """The one limit that a change adds; None where it is another change."""
    added = [each.limit for each in proposed.patch.operations if isinstance(each, AddLimit)]
    return added[0] if len(added) == len(proposed.patch.operations) == 1 else None


def title_of(kind: str, limit: Limit) -> str:
    """One line for people."""
    where = ", ".join(limit.routes) or "every route"
    if kind == "limit-logins":
        return f"Limit each client to {limit.burst} logins at once on {where}, {to_rate(limit.rate)}"
    return f"Limit each client to {to_rate(limit.rate, 'requests')} on {where}"


def to_text(limit: Limit) -> str:
    """A value in words: `2/min, 4 at once`."""
    return f"{to_rate(limit.rate)}, {limit.burst} at once"
