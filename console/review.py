"""A recommendation told to people: why, what it changes, the evidence, and what a replay says of it."""

from collections.abc import Iterator

from console.moments import to_span, to_utc
from console.wording import aligned, counted, measured, shared_value
from kernel.control import ReviewInFull
from kernel.recommendations import Evidence
from kernel.replays import Bound, ReplayReport, RuleHarm, Split
from kernel.wording import to_rate


def lines_of(found: ReviewInFull) -> Iterator[str]:
    """Everything that an operator weighs, in the order in which it matters."""
    about = found.recommendation
    yield f"{about.title}  [{about.id}, {found.state}]"
    yield about.reason
    lasts = to_span(about.lasts_s) if about.lasts_s else "for ever"
    yield f"{about.confidence:.0%} sure, would last {lasts}, void after {to_utc(about.expires_at)} UTC"
    yield ""
    yield found.diff.rstrip("\n") or f"it does not fit the policy in force: {found.stale}"
    if found.state == "open" and found.patch:
        yield f"to approve this change and no other: --patch {found.patch}"
    yield ""
    yield from evidence_lines(about.evidence)
    yield ""
    if about.replay is None:
        yield "replay: none yet"
    else:
        yield from replay_lines(about.replay)
    yield from decision_lines(found)


def evidence_lines(evidence: Evidence) -> Iterator[str]:
    """Who did what, beside the others."""
    yield f"evidence: {evidence.what}"
    shown = ", ".join(evidence.who[:5]) + (", …" if evidence.identities > 5 else "")
    yield f"  who: {identities(evidence.identities)}: {shown}"
    for each in evidence.observations:
        expected = measured(each.expected, each.unit)
        yield f"  {each.name}: {measured(each.observed, each.unit)}, expected {expected}"
    peers = evidence.peers
    if peers is not None:
        yield (
            f"  peers ({peers.identities:,}): p50 {peers.p50:g}, p99 {peers.p99:g}, p99.9 {peers.p999:g},"
            f" greatest {peers.greatest:g} {peers.unit}; observed {peers.observed:g}"
        )
    for attribute in evidence.attributes:
        yield (
            f"  {attribute.name} {shared_value(attribute)}: {attribute.in_attack:.0%} of the attack,"
            f" {attribute.in_baseline:.0%} of usual traffic"
        )


def replay_lines(report: ReplayReport) -> Iterator[str]:
    """What it would have done."""
    seen = counted(report.seen_attack.requests + report.seen_legitimate.requests, "request")
    yield f"replay of what was stored of {to_utc(report.since)} to {to_utc(report.until)} UTC: {seen}"
    yield f"  would newly refuse of attackers: {told(report.newly_attack)}"
    yield f"  would newly refuse of others: {told(report.newly_legitimate)}"
    if report.unrouted_attack.requests or report.unrouted_legitimate.requests:
        unrouted = f"attackers {told(report.unrouted_attack)}, others {told(report.unrouted_legitimate)}"
        yield f"  would deny (403) what no route takes now (404): {unrouted}"
    yield f"  {bound_line(report.bound)}"
    again = report.disagreement
    yield f"  the active policy, replayed, disagrees in {again.share:.2%} of {again.compared:,} decisions"
    for rule in report.rules:
        yield from rule_lines(rule)
    for caveat in report.caveats:
        yield f"  note: {caveat}"


def rule_lines(rule: RuleHarm) -> Iterator[str]:
    """One rule, and its curve."""
    yield f"  {rule.rule} ({rule.kind}): attacks {told(rule.attack)}; others {told(rule.legitimate)}"
    rows = [
        (f"    {to_rate(point.rate)}", f"attacks {told(point.attack)}", f"others {told(point.legitimate)}")
        for point in rule.curve
    ]
    if rows:
        yield "    what it would refuse at other values:"
        yield from aligned(rows)


def decision_lines(found: ReviewInFull) -> Iterator[str]:
    """What was decided, and what came of it."""
    if found.rejected_because:
        yield f"rejected by {found.author}: {found.rejected_because}"
    if found.withdrawn_because:
        yield f"withdrawn by {found.author}: {found.withdrawn_because}"
    if found.approval is not None:
        decided = found.approval
        until = f"until {to_utc(decided.expires_at)} UTC" if decided.expires_at else "for ever"
        yield f"approved by {decided.author}: {decided.reason} (mode {decided.mode}, {until})"
    if found.realised is not None:
        yield f"realised since {to_utc(found.realised.since)} UTC: {bound_line(found.realised.bound)}"
    if found.revisit:
        yield f"note: {found.revisit}"


def bound_line(bound: Bound) -> str:
    """A bound in words."""
    if not bound.n:
        return "harm: unknown, no legitimate identity was seen"
    return (
        f"harm: {bound.harmed:,} of {bound.n:,} legitimate identities,"
        f" at most {bound.upper:.2%} with {bound.confidence:.0%} confidence"
    )


def told(split: Split) -> str:
    """`1,204 requests of 3 identities`."""
    return f"{counted(split.requests, 'request')} of {identities(split.identities)}"


def identities(number: int) -> str:
    """`1 identity`, `2,000 identities`."""
    return "1 identity" if number == 1 else f"{number:,} identities"
