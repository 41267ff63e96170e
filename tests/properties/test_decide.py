"""Laws of `decide`, over drawn policies and drawn sequences of requests."""

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Literal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kernel.compile import compile_policy, with_overlays
from kernel.decide import (
    NO_ROUTE,
    SHADOW,
    WRONG_METHOD,
    Credential,
    Facts,
    LimiterState,
    Reason,
    Verdicts,
    decide,
)
from kernel.findings import Overlay
from kernel.policy import (
    AccessRule,
    Adaptive,
    Auth,
    Consumer,
    HeaderKey,
    Key,
    Limit,
    Mode,
    Plan,
    Policy,
    Route,
    Rule,
    Upstream,
)
from kernel.snapshot import Principal, Snapshot
from tests.kernel.policies import DIGEST_A, HASH_KEY, NOW, known_address

MODES: st.SearchStrategy[Mode] = st.sampled_from(["off", "shadow", "canary", "enforce", "enforce"])
AUTHS: st.SearchStrategy[Auth] = st.sampled_from(["none", "optional", "optional", "required"])
CREDENTIALS: st.SearchStrategy[Credential] = st.sampled_from(["none", "none", "valid", "invalid"])
PAST, FUTURE = (dt.datetime.fromtimestamp(NOW + days * 86_400, dt.UTC) for days in (-1, 3_650))
LimitKey = Literal["identity", "route", "global"] | HeaderKey
KEYS: st.SearchStrategy[LimitKey] = st.sampled_from(
    ["identity", "identity", "route", "global", HeaderKey(header="X-Device")]
)
ADDRESSES = [known_address(f"192.0.2.{number}") for number in (1, 2, 65)] + [known_address("2001:db8::1")]
NETWORKS = st.sampled_from(["192.0.2.0/26", "192.0.2.64/26", "192.0.2.1", "2001:db8::/32", "0.0.0.0/0"])
ACME = Principal("acme", "gold", "consumer:acme", 1, float("inf"))


@st.composite
def limits(draw: st.DrawFn, number: int) -> Limit:
    """A small limit, so that a few requests exhaust it."""
    rate = draw(st.sampled_from([0.125, 0.5, 2.0]))
    return Limit(
        name=f"limit{number}",
        mode=draw(MODES),
        canary=draw(st.sampled_from([0.0, 0.5, 1.0])),
        expires_at=draw(st.sampled_from([None, None, FUTURE, PAST])),
        routes=draw(st.sampled_from([(), (), ("a",), ("a", "b")])),
        plans=draw(st.sampled_from([(), (), ("gold",)])),
        key=draw(KEYS),
        rate=rate,
        burst=draw(st.integers(1, 4)),
        adaptive=Adaptive(floor=0.0625, ceiling=4.0),
    )


@st.composite
def access_rules(draw: st.DrawFn, number: int) -> AccessRule:
    """A rule over a few of the addresses."""
    return AccessRule(
        name=f"access{number}",
        mode=draw(MODES),
        canary=draw(st.sampled_from([0.0, 0.5, 1.0])),
        expires_at=draw(st.sampled_from([None, FUTURE, PAST])),
        routes=draw(st.sampled_from([(), ("a",)])),
        action=draw(st.sampled_from(["allow", "deny"])),
        networks=tuple(draw(st.lists(NETWORKS, min_size=1, max_size=2))),
    )


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A policy of two routes with rules of every kind."""
    return Policy(
        upstreams=(Upstream(name="u", url="http://127.0.0.1:9000"),),
        routes=tuple(
            Route(name=name, path=f"/{name}", upstream="u", auth=draw(AUTHS), max_body_bytes=100)
            for name in "ab"
        ),
        plans=(Plan(name="gold"),),
        consumers=(Consumer(name="acme", plan="gold", keys=(Key(sha256=DIGEST_A),)),),
        limits=tuple(draw(limits(number)) for number in range(draw(st.integers(0, 4)))),
        access=tuple(draw(access_rules(number)) for number in range(draw(st.integers(0, 3)))),
    )


@st.composite
def requests(draw: st.DrawFn) -> Facts:
    """What is known of a request, wrong in any of the ways that there are."""
    client = draw(st.sampled_from(ADDRESSES))
    credential = draw(CREDENTIALS)
    return Facts(
        route=draw(st.sampled_from([0, 0, 0, 1, 1, NO_ROUTE, WRONG_METHOD])),
        client=client,
        identity="consumer:acme" if credential == "valid" else f"ip:{client.text}",
        credential=credential,
        principal=ACME if credential == "valid" else None,
        content_length=draw(st.sampled_from([-1, 0, 100, 101])),
        header_values=(draw(st.sampled_from(["", "tablet"])),),
    )


ASKED = st.lists(st.tuples(requests(), st.sampled_from([0.0, 0.0, 0.25, 3.0])), min_size=1, max_size=25)
Asked = list[tuple[Facts, float]]
OVERLAYS = st.lists(
    st.builds(
        Overlay,
        id=st.sampled_from(["o1", "o2"]),
        tenant=st.just("default"),
        limit=st.sampled_from(["limit0", "limit1"]),
        identity=st.sampled_from(["", "ip:192.0.2.1", "consumer:acme"]),
        rate=st.sampled_from([0.01, 0.25, 9.0]),
        burst=st.integers(1, 3),
        reason=st.just(""),
        finding=st.just(""),
        created_at=st.just(NOW - 60.0),
        expires_at=st.sampled_from([NOW, NOW + 2.0, NOW + 1e6]),
    ),
    max_size=3,
)


def compiled(policy: Policy, overlays: Iterable[Overlay] = ()) -> Snapshot:
    """A snapshot; its one header is numbered even where no limit needs it."""
    return with_overlays(compile_policy(policy, "0" * 12, HASH_KEY), overlays, 1)


def run(snapshot: Snapshot, asked: Asked) -> tuple[list[Verdicts], LimiterState]:
    """Verdicts of a sequence of requests, and the state after it."""
    state: LimiterState = {}
    now = NOW
    verdicts = []
    for facts, gap in asked:
        now += gap
        verdicts.append(decide(facts, snapshot, state, now))
    return verdicts, state


def switched_off(policy: Policy, is_off: Callable[[Rule], bool]) -> Policy:
    """The policy with some of its rules turned off."""
    return msgspec.structs.replace(
        policy,
        limits=tuple(msgspec.structs.replace(r, mode="off") if is_off(r) else r for r in policy.limits),
        access=tuple(msgspec.structs.replace(r, mode="off") if is_off(r) else r for r in policy.access),
    )


def without(policy: Policy, mode: Mode) -> Policy:
    """The policy with every rule of this mode turned off."""
    return switched_off(policy, lambda rule: rule.mode == mode)


def enforced(state: LimiterState) -> LimiterState:
    """The buckets that are charged."""
    return {slot: tat for slot, tat in state.items() if not slot[0].startswith(SHADOW)}


def shadows(state: LimiterState) -> LimiterState:
    """The buckets of shadows."""
    return {slot: tat for slot, tat in state.items() if slot[0].startswith(SHADOW)}


@given(policies(), OVERLAYS, ASKED)
def test_the_same_requests_get_the_same_verdicts_and_leave_the_same_state(
    policy: Policy, overlays: list[Overlay], asked: Asked
) -> None:
    snapshot = compiled(policy, overlays)
    assert run(snapshot, asked) == run(compiled(policy, overlays), asked)


@given(policies(), OVERLAYS, ASKED)
def test_a_refused_request_charges_nothing(policy: Policy, overlays: list[Overlay], asked: Asked) -> None:
    snapshot = compiled(policy, overlays)
    state: LimiterState = {}
    now = NOW
    for facts, gap in asked:
        now += gap
        before = enforced(state)
        verdicts = decide(facts, snapshot, state, now)
        for slot, tat in enforced(state).items() if verdicts.reason else ():
            # An overlay that shrinks the bucket may forget debt; nothing adds to it.
            assert tat <= before.get(slot, now)


@given(policies(), OVERLAYS, ASKED)
def test_an_admitted_request_charges_every_limit_that_it_asked(
    policy: Policy, overlays: list[Overlay], asked: Asked
) -> None:
    snapshot = compiled(policy, overlays)
    state: LimiterState = {}
    now = NOW
    for facts, gap in asked:
        now += gap
        before = dict(state)
        verdicts = decide(facts, snapshot, state, now)
        if not verdicts.reason:
            slots = [(each.name, each.key) for each in verdicts.limits]
            assert all(state[slot] > max(before.get(slot, 0.0), now) for slot in slots)
            assert all(each.taken.allowed for each in verdicts.limits)


@given(policies(), OVERLAYS, ASKED)
def test_shadows_change_nothing_of_what_is_enforced(
    policy: Policy, overlays: list[Overlay], asked: Asked
) -> None:
    with_shadows, state = run(compiled(policy, overlays), asked)
    bare, bare_state = run(compiled(without(policy, "shadow"), overlays), asked)
    for one, other in zip(with_shadows, bare, strict=True):
        assert (one.reason, one.status, one.rule, one.limits) == (
            other.reason,
            other.status,
            other.rule,
            other.limits,
        )
    assert enforced(state) == enforced(bare_state)


@given(policies(), OVERLAYS, ASKED)
def test_shadows_count_what_others_refuse_as_they_count_the_rest(
    policy: Policy, overlays: list[Overlay], asked: Asked
) -> None:
    _, state = run(compiled(policy, overlays), asked)
    _, alone = run(compiled(without(policy, "enforce"), overlays), asked)
    assert shadows(state) == shadows(alone)


@given(policies(), ASKED)
def test_expired_rules_are_as_if_they_were_off(policy: Policy, asked: Asked) -> None:
    bare = switched_off(policy, lambda rule: rule.expires_at == PAST)
    assert run(compiled(policy), asked) == run(compiled(bare), asked)


@given(policies(), OVERLAYS, ASKED)
def test_expired_overlays_are_as_if_they_were_not_there(
    policy: Policy, overlays: list[Overlay], asked: Asked
) -> None:
    expired = [msgspec.structs.replace(each, expires_at=NOW - 1e-3) for each in overlays]
    assert run(compiled(policy, expired), asked) == run(compiled(policy), asked)


RANKS = [
    (Reason.NO_ROUTE, Reason.WRONG_METHOD),
    (Reason.ACCESS_DENIED,),
    (Reason.CREDENTIAL_MISSING, Reason.CREDENTIAL_INVALID),
    (Reason.BODY_TOO_LARGE,),
    (Reason.QUOTA_EXCEEDED, Reason.ABNORMAL_USAGE),
]


def earliest(facts: Facts, policy: Policy) -> int:
    """How far the request surely gets: rank of the first rule that it breaks, access and limits aside."""
    if facts.route < 0:
        return 0
    auth = policy.routes[facts.route].auth
    if auth != "none" and (
        facts.credential == "invalid" or (auth == "required" and facts.credential == "none")
    ):
        return 2
    return 3 if facts.content_length > 100 else 4


@given(policies(), OVERLAYS, ASKED)
def test_no_rule_is_told_before_an_earlier_one_that_is_broken(
    policy: Policy, overlays: list[Overlay], asked: Asked
) -> None:
    verdicts, _ = run(compiled(policy, overlays), asked)
    for (facts, _), each in zip(asked, verdicts, strict=True):
        bound = earliest(facts, policy)
        rank = next((rank for rank, reasons in enumerate(RANKS) if each.reason in reasons), None)
        if bound < 4:
            assert rank is not None
            assert rank in (bound, 1)  # access rules for every route deny what no route takes, too
        else:
            assert rank in (None, 1, 4)


@given(policies(), OVERLAYS, ASKED)
def test_verdicts_agree_with_themselves(policy: Policy, overlays: list[Overlay], asked: Asked) -> None:
    verdicts, _ = run(compiled(policy, overlays), asked)
    for each in verdicts:
        assert bool(each.reason) == (each.status >= 400)
        assert each.rule not in each.would_refuse
        if each.reason in RANKS[4]:
            assert any(one.name == each.rule and not one.taken.allowed for one in each.limits)
        if each.reason in (*RANKS[0], *RANKS[1], *RANKS[2], *RANKS[3]):
            assert each.limits == ()
