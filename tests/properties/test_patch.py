"""A patch says in the text what it means in the policy, however the text is written."""

import itertools

import yaml
from hypothesis import given
from hypothesis import strategies as st

from kernel.check import read_policy
from kernel.patch import AddAccess, AddLimit, Operation, Patch, RemoveRule, SetMode, SetRate, apply
from kernel.policy import AccessRule, Limit, Mode, Policy
from kernel.syntax import PLAIN
from tests.kernel.policies import NOW, ROUTES, UPSTREAMS

NAMES = [f"r{number}" for number in range(6)]
# White space to Python, and text to YAML; what YAML has a meaning for.
ODD = st.sampled_from("\xa0\u1680\u2003\u3000\ufeff\uffff #-:'\"{}[],&*!|>\\")
REASONS = st.text(ODD | st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30).filter(
    lambda reason: not any(form.fullmatch(reason) for _, form in PLAIN)  # safe_dump knows YAML 1.1's alone
)
RATES = st.floats(0.001, 1000.0)
MODES: st.SearchStrategy[Mode] = st.sampled_from(["off", "shadow", "canary", "enforce"])


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A policy with some limits in one of the ways that people write them."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4))
    limits = [{"name": name, "rate": "2/s", "burst": 3, "reason": draw(REASONS)} for name in names]
    flow = draw(st.sampled_from([True, False, None]))
    written = yaml.safe_dump({"limits": limits}, default_flow_style=flow, sort_keys=False, allow_unicode=True)
    if flow is True:
        written = f"limits: {yaml.safe_dump(limits, default_flow_style=True, allow_unicode=True)}"
    ending = draw(st.sampled_from(["", "\n", "\n# end\n", "\n\n"]))
    return draw(st.permutations([UPSTREAMS, ROUTES, written]).map(lambda parts: "\n".join(parts))) + ending


@st.composite
def operations(draw: st.DrawFn, policy: Policy) -> Operation:
    """One that fits the policy."""
    taken = [rule.name for rule in (*policy.limits, *policy.access)]
    free = next(name for name in (f"new{n}" for n in itertools.count()) if name not in taken)
    limits = [limit.name for limit in policy.limits]
    add: list[Operation] = [
        AddLimit(Limit(name=free, rate=draw(RATES), burst=draw(st.integers(1, 9)), reason=draw(REASONS))),
        AddAccess(AccessRule(name=free, action="deny", networks=("192.0.2.7/32", "2001:db8::/64"))),
    ]
    change: list[Operation] = [SetMode(name, draw(MODES), expires_at=NOW + 60) for name in taken]
    change += [RemoveRule(name) for name in taken] + [SetRate(name, draw(RATES), 7) for name in limits]
    return draw(st.sampled_from(add + change))


@given(st.data())
def test_any_operations_can_be_written_into_any_text_without_aliases(data: st.DataObject) -> None:
    text = data.draw(texts())
    for _ in range(3):
        policy = read_policy(text, "p.yaml", NOW).policy
        assert policy is not None
        text = apply(text, Patch("", (data.draw(operations(policy)),)), NOW)  # it compares text and meaning
    assert "upstreams" in text
