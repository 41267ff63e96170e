"""What of a policy a replay can judge: rules by kind, the rules that a candidate changes, and their words.

A row holds neither the headers that limits may be keyed by, nor an address where the policy says so: the
verdict of such a rule is taken as it was stored (*recorded*), or it is not judged (*unreplayable*).
"""

import msgspec

from kernel.check import read_policy
from kernel.compile import compile_policy, revision_of
from kernel.decide import Reason
from kernel.policy import METHODS, AccessRule, HeaderKey, Limit, Policy
from kernel.replays import Kind
from kernel.snapshot import Snapshot
from warehouse.readers_replay import Wording

AnyRule = Limit | AccessRule


class NotReplayable(Exception):
    """The request cannot be replayed; the message says why."""


class Judged(msgspec.Struct, frozen=True):
    """How far a rule can be judged. `why` is for people."""

    rule: AnyRule
    kind: Kind
    why: str


def compiled(text: str, name: str, *, at: float, hash_key: bytes) -> Snapshot:
    """A policy's text as a snapshot. Raises NotReplayable with its first problem."""
    reading = read_policy(text, name, at)
    if reading.policy is None:
        wrong = next(each for each in reading.problems if each.severity == "error")
        raise NotReplayable(wrong.text())
    return compile_policy(reading.policy, revision_of(text), hash_key)


def rules_of(policy: Policy) -> dict[str, AnyRule]:
    """Every rule by its name, limits first."""
    rules: tuple[AnyRule, ...] = (*policy.limits, *policy.access)
    return {rule.name: rule for rule in rules}


def changed_rules(base: Policy, candidate: Policy) -> list[AnyRule]:
    """The rules that the candidate adds or changes; all that are on where it changes none."""
    before = rules_of(base)
    rules = [rule for rule in rules_of(candidate).values() if rule.mode != "off"]
    return [rule for rule in rules if before.get(rule.name) != rule] or rules


def judged(rule: AnyRule, base: Policy) -> Judged:
    """The kind of a candidate's rule, by what the base's telemetry holds."""
    missing = missing_input(rule, base)
    if not missing:
        return Judged(rule, "replayable", "all that it looks at is stored")
    before = rules_of(base).get(rule.name)
    if before is not None and before.mode != "off" and is_alike(before, rule):
        return Judged(rule, "recorded", f"{missing}; its verdict of then is")
    return Judged(rule, "unreplayable", f"{missing}, and there is no verdict of then")


def missing_input(rule: AnyRule, base: Policy) -> str:
    """What the rule looks at and telemetry does not hold; empty where it holds all."""
    if isinstance(rule, Limit):
        return "the value of its header is not stored" if isinstance(rule.key, HeaderKey) else ""
    kept = base.telemetry.addresses
    return "" if kept == "raw" else f"addresses are stored {kept} only"


def is_alike(one: AnyRule, other: AnyRule) -> bool:
    """Whether two rules say the same, their mode and expiry aside."""
    return bare(one) == bare(other)


def bare(rule: AnyRule) -> AnyRule:
    """A rule without what an approval changes."""
    return msgspec.structs.replace(rule, mode="enforce", canary=0.0, expires_at=None, reason="")


def opaque_rules(policy: Policy, base: Policy) -> dict[str, Judged]:
    """The rules of a policy that are not judged by their inputs."""
    found = [judged(rule, base) for rule in rules_of(policy).values() if rule.mode != "off"]
    return {each.rule.name: each for each in found if each.kind != "replayable"}


def wording_of(snapshots: tuple[Snapshot, ...], revision: str) -> Wording:
    """What the questions to the warehouse need to know of the policies, the base first."""
    policies = tuple(each.policy for each in snapshots)
    opaque = {name for policy in policies for name in opaque_rules(policy, policies[0])}
    return Wording(
        reasons=tuple(str(reason) for reason in Reason if reason),
        rules=tuple(sorted({name for policy in policies for name in rules_of(policy)})),
        methods=METHODS,
        caps=tuple(sorted({route.max_body_bytes for each in snapshots for route in each.routes})),
        opaque=tuple(sorted(opaque)),
        addressed=any(each.access or each.consumers != policies[0].consumers for each in policies),
        revision=revision,
        unrouted=any(each.access for each in snapshots),
    )
