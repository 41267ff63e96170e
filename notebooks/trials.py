"""Tries of a candidate policy: analytics' replay over stored requests, at chosen values of a limit."""

from collections.abc import Callable, Iterable, Mapping

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.control import Control, Unreachable
from analytics.replay_jobs import enforced
from analytics.replay_rules import changed_rules
from analytics.replaying import replay
from analytics.situations import situation_of
from kernel.control import Label
from kernel.limits import Quota
from kernel.patch import Patch, SetRate, StalePatch, apply, policy_of
from kernel.policy import FASTEST_RATE, Limit
from kernel.recommendations import Recommendation
from kernel.replays import Bound, ReplayReport, ReplayRequest, RuleHarm, Split
from notebooks.charts import to_utc
from warehouse.readers_replay import ReplayReader

STEPS = range(-12, 13)  # of a slider: quarter octaves, an eighth to eight times the value
Row = dict[str, str]


class Desk(msgspec.Struct, frozen=True):
    """What the console knows. `trouble`: why it knows nothing, or empty."""

    policy: str = ""
    tenant: str = ""
    open: tuple[Recommendation, ...] = ()
    labels: tuple[Label, ...] = ()
    trouble: str = ""


class Wanted(msgspec.Struct, frozen=True):
    """Both policies as YAML, the range in seconds since 1970, and the limit whose value is tried.

    `labels`: whom people call an attack, or legitimate.
    """

    tenant: str
    base: str
    candidate: str
    since: float
    until: float
    rule: str = ""
    labels: tuple[Label, ...] = ()


def ask_console(url: str, token: str) -> Desk:
    """The policy in force, open recommendations and people's labels; a viewer's token may ask."""
    if not url:
        return Desk(trouble="No console is known: paste both policies below.")
    control = Control(url, "", token=token, holder="")
    try:
        policy = control.policy()
        return Desk(policy.text, policy.tenant, tuple(control.proposed()), control.labels())
    except Unreachable as problem:
        return Desk(trouble=f"The console at {url} does not help ({problem}): paste both policies below.")
    finally:
        control.close()


def candidate_of(desk: Desk, which: str, now: float) -> tuple[str, str]:
    """(the policy with an open recommendation's change, enforced; why it has not that change, or empty)."""
    found = next((each for each in desk.open if each.id == which), None)
    try:
        return (apply(desk.policy, enforced(found.patch), now) if found else desk.policy), ""
    except StalePatch as problem:
        why = f"The recommendation does not fit the policy in force: {problem}"
        return desk.policy, f"{why}. Choose another, or paste a candidate."


def limits_of(base: str, candidate: str, now: float) -> dict[str, Quota]:
    """The limits that the candidate adds or changes, else all that are on. Raises StalePatch."""
    rules = changed_rules(policy_of(base, now), policy_of(candidate, now))
    return {rule.name: Quota(rule.rate, rule.burst) for rule in rules if isinstance(rule, Limit)}


def rates_around(rate: float) -> list[float]:
    """Where a slider stops, the rate itself among them."""
    steps = {min(FASTEST_RATE, float(f"{rate * 2.0 ** (step / 4):.3g}")) for step in STEPS if step}
    return sorted({rate, *steps})


def bursts_around(burst: int) -> list[int]:
    """The same of bursts."""
    return sorted({burst, *(max(1, round(burst * 2.0 ** (step / 4))) for step in STEPS)})


def tries_of(
    wanted: Wanted, quotas: Mapping[str, Quota], *, labels: tuple[Label, ...], now: float
) -> dict[str, Wanted]:
    """One for each value of the limit; the candidate as it is where none is chosen. Raises StalePatch."""
    told = msgspec.structs.replace(wanted, labels=labels)
    return {name: with_quota(told, quota, now) for name, quota in quotas.items()} or {"As it is": told}


def with_quota(wanted: Wanted, quota: Quota, now: float) -> Wanted:
    """The candidate with another value of the limit. Raises StalePatch."""
    change = Patch("", (SetRate(wanted.rule, quota.rate, quota.burst),))
    return msgspec.structs.replace(wanted, candidate=apply(wanted.candidate, change, now))


def tried(
    client: Client,
    wanted: Wanted,
    *,
    hash_key: bytes,
    progress: Callable[[float], bool],
    clock: Callable[[], float],
) -> ReplayReport:
    """What the candidate would have done. Raises NotReplayable, Cancelled, and the client's errors."""
    curves = (wanted.rule,) if wanted.rule else ()
    request = ReplayRequest(wanted.candidate, wanted.since, wanted.until, curve_of=curves)
    situation = situation_of(client, wanted.tenant, request, base=wanted.base, opinions=wanted.labels)
    situation = msgspec.structs.replace(situation, hash_key=hash_key)
    source = ReplayReader(client, wanted.tenant)
    return replay(request, situation, source, progress=progress, clock=clock)


def curves_of(reports: Iterable[ReplayReport], rule: str) -> list[tuple[ReplayReport, RuleHarm]]:
    """The reports that tell harm over the rule's rate; none where it is as it was, or not replayable."""
    return [(report, each) for report in reports for each in report.rules if each.rule == rule and each.curve]


def verdict(report: ReplayReport) -> str:
    """Benefit and harm in two or three sentences."""
    attack, others = report.newly_attack, report.newly_legitimate
    benefit = f"Would newly refuse {attack.requests:,} of {report.seen_attack.requests:,} attack requests"
    harm = f"{others.requests:,} of {report.seen_legitimate.requests:,} legitimate ones"
    freed = f" Would admit {split(report.freed)} that were refused." if report.freed.requests else ""
    attack, others = report.unrouted_attack, report.unrouted_legitimate
    told = f" Would deny what no route takes: {split(attack)} of attacks, {split(others)} of others."
    denied = told if attack.requests or others.requests else ""
    return f"{benefit}, and {harm}.{denied}{freed} Legitimate identities refused: {bounded(report.bound)}."


def comparison(reports: Mapping[str, ReplayReport]) -> list[Row]:
    """A row for each measure, a column for each try."""
    told: list[tuple[str, Callable[[ReplayReport], str]]] = [
        ("attack: requests seen", lambda report: split(report.seen_attack)),
        ("attack: newly refused", lambda report: split(report.newly_attack)),
        ("legitimate: requests seen", lambda report: split(report.seen_legitimate)),
        ("legitimate: newly refused", lambda report: split(report.newly_legitimate)),
        ("attack: no route takes it, denied", lambda report: split(report.unrouted_attack)),
        ("legitimate: no route takes it, denied", lambda report: split(report.unrouted_legitimate)),
        ("refused before, admitted now", lambda report: split(report.freed)),
        ("legitimate identities refused", lambda report: harmed(report.bound)),
        ("bound of their share", lambda report: upper(report.bound)),
        ("the base, replayed, against what was decided", disagreement),
    ]
    return [{"measure": what, **{name: tell(each) for name, each in reports.items()}} for what, tell in told]


def split(told: Split) -> str:
    """`1,204 requests of 3 identities`."""
    whom = "1 identity" if told.identities == 1 else f"{told.identities:,} identities"
    return f"{told.requests:,} requests of {whom}"


def bounded(bound: Bound) -> str:
    """A bound with its n."""
    return f"{harmed(bound)}, {upper(bound)}"


def harmed(bound: Bound) -> str:
    """`3 of n = 20`: who could have met the limit, in the part of the range that bounds harm."""
    return f"{bound.harmed:,} of n = {bound.n:,}"


def upper(bound: Bound) -> str:
    """Up to where their share may go."""
    if not bound.n:
        return "unknown: no legitimate identity was seen"
    return f"at most {bound.upper:.2%} with {bound.confidence:.0%} confidence"


def disagreement(report: ReplayReport) -> str:
    """How far the replay can be relied on."""
    told = report.disagreement
    return (
        f"{told.differing:,} of {told.compared:,} decided otherwise"
        if told.compared
        else "nothing to compare"
    )


def example_rows(reports: Mapping[str, ReplayReport]) -> list[Row]:
    """Requests that the changed rules would have refused."""
    return [
        {
            "value": name,
            "rule": rule.rule,
            "ended": to_utc(each.ended_at),
            "request": f"{each.method} {each.route or '(no route)'}",
            "identity": each.identity,
            "status then": str(each.status),
            "is": "attack" if each.is_attack else "legitimate",
        }
        for name, report in reports.items()
        for rule in report.rules
        for each in rule.examples
    ]


def caveats(reports: Iterable[ReplayReport]) -> list[str]:
    """Of all trials, each once."""
    return list(dict.fromkeys(each for report in reports for each in report.caveats))
