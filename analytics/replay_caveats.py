"""What a replay cannot know, in sentences for people."""

from collections.abc import Iterator

from analytics.comparison import MOST_WARM_S, Comparison
from kernel.policy import Policy
from warehouse.readers_replay import LONGEST_S, SpanColumns

MOST_DISAGREEMENT = 0.001  # above it nothing may apply itself (closed loop, replay)
MOST_LOST = 0.01


def caveats_of(comparison: Comparison, span: SpanColumns) -> tuple[str, ...]:
    """Everything that weakens the report, the gravest first."""
    return (
        *what_was_seen(comparison, span),
        *what_was_left_out(comparison, span),
        *what_is_circular(comparison),
        *what_differs(comparison, span),
        "What a refused client would have done next is unknown: its requests are counted as they came.",
    )


def what_was_seen(comparison: Comparison, span: SpanColumns) -> Iterator[str]:
    """The weight of the evidence."""
    tally = comparison.tally
    told = tally.disagreement()
    if not sum(span.requests):
        yield "There were no requests in that time: nothing is known."
    elif not told.compared:
        yield (
            f"No request was judged by revision {comparison.then.revision}: whether the replay agrees with "
            "what was decided cannot be said."
        )
    if told.share > MOST_DISAGREEMENT:
        yield (
            f"The replay decides {percent(told.share, 2)} of requests otherwise than the proxy did: "
            "do not rely on it."
        )
    others = tally.seen.together().requests - told.compared
    if told.compared and others:
        yield f"{others:,} requests were judged by other revisions and are left out of that comparison."
    if comparison.situation.lost > MOST_LOST:
        yield f"{percent(comparison.situation.lost, 1)} of that time's telemetry was lost."
    if comparison.refill_s > MOST_WARM_S:
        yield "A limit takes longer to refill than limits are warmed (a day): early refusals are missed."


def what_was_left_out(comparison: Comparison, span: SpanColumns) -> Iterator[str]:
    """Rules and requests that are not judged."""
    for each in comparison.sides[1].opaque.values():
        yield f"Rule {each.rule.name} is {each.kind}: {each.why}."
    overlong = sum(span.overlong)
    if overlong:
        yield f"{overlong:,} requests that took more than {LONGEST_S} s are left out."
    if comparison.dropped:
        yield (
            f"The candidate has no route of the name or the path of {comparison.dropped:,} requests: "
            "they are counted as refused (404), although another of its routes may take them."
        )


def what_is_circular(comparison: Comparison) -> Iterator[str]:
    """Rules that are made of the accusations by which their harm is judged."""
    for each in comparison.tally.rules:
        greedy = 0 if each.is_denial else comparison.greedy_among(each)
        if greedy:
            attackers = "1 attacker" if greedy == 1 else f"{greedy:,} attackers"
            yield (
                f"Rule {each.judged.rule.name} cuts how much clients ask for, and nothing but that accuses "
                f"{attackers} whom it refuses: their excess counts as attack, what it refuses of them before "
                "or after counts as harm."
            )
    denials = [each.judged.rule.name for each in comparison.tally.rules if each.is_denial]
    if denials and comparison.situation.labels.attacks:
        yield (
            f"Rule {denials[0]} may deny whom a finding accuses, and findings say who attacks: of these, "
            "who did anything else counts as harmed; a newcomer that is wrongly accused does not."
        )


def what_differs(comparison: Comparison, span: SpanColumns) -> Iterator[str]:
    """Where the replay's world is not the proxy's."""
    workers = {worker for names in span.workers for worker in names}
    if len(workers) > 1:
        yield (
            f"{len(workers)} workers shared each limit in parts; the replay gives it to all of them together."
        )
    if comparison.base.policy.telemetry.addresses == "truncated":
        yield "Addresses are stored truncated: clients of one network share a bucket here."
    if not comparison.situation.hash_key and has_canary(comparison.candidate.policy):
        yield "Without the deployment's hash key, a canary's identities are other ones than at the proxies."
    if comparison.situation.overlays:
        yield "The adaptive values of that time are in force for both policies."


def has_canary(policy: Policy) -> bool:
    """Whether any rule binds a share of identities only."""
    return any(rule.mode == "canary" for rule in (*policy.limits, *policy.access))


def percent(share: float, digits: int) -> str:
    """A share as people write it.

    >>> percent(0.0034, 2)
    '0.34 %'
    """
    return f"{share:.{digits}%}".replace("%", " %")
