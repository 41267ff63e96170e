"""Documents: any text is a policy or problems in valid places, and what is written is what is read."""

import datetime as dt
import json
import re
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kernel.check import read_policy
from kernel.compile import compile_policy
from kernel.policy import (
    METHODS,
    AccessRule,
    Adaptive,
    Consumer,
    HeaderKey,
    Key,
    Limit,
    Mode,
    Plan,
    Policy,
    Route,
    Signals,
    Telemetry,
    Timeouts,
    Upstream,
)
from kernel.syntax import LINE_END

NOW = 1_800_000_000.0
FULL = (Path(__file__).parents[2] / "docs" / "examples" / "full.yaml").read_text()
PIECES = st.sampled_from(
    [
        *(
            "upstreams",
            "routes",
            "limits",
            "consumers",
            "access",
            "keys",
            "sha256",
            "timeouts",
            "name",
            "path",
        ),
        *(
            "url",
            "rate",
            "burst",
            "key",
            "header",
            "networks",
            "expires_at",
            "mode",
            "canary",
            "adaptive",
            "floor",
        ),
        *(
            ": ",
            ":\n  - ",
            "\n    ",
            "\n",
            "- ",
            ", ",
            "[",
            "]",
            "{",
            "}",
            "'",
            '"',
            "#",
            "&a ",
            "*a",
            "!!str ",
            "|\n",
        ),
        *(
            "? ",
            "<<",
            "~",
            "off",
            "true",
            "10/s",
            "-1",
            "0123",
            "1:30",
            "1e400",
            "9" * 30,
            "/{id}/*",
            "::/0",
            "\t",
            "\x00",
        ),
        *(
            "---\n",
            "...\n",
            "%YAML 1.1\n",
            "\ufeff",
            "\ud800",
            "é",
            "\u2028",
            "http://[",
            "json:x",
            "2030-01-01T00:00:00Z",
        ),
    ]
)
SOUP = st.lists(PIECES, max_size=60).map("".join)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """The full example with a few pieces of its text replaced by others."""
    text = FULL
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 12))
        text = text[:at] + draw(st.one_of(PIECES, st.just(""), st.text(max_size=3))) + text[at + cut :]
    return text


def assert_sound(text: str) -> None:
    """A policy or errors, never an exception, and every problem in a place that there is."""
    reading = read_policy(text, "p.yaml", NOW)
    assert (reading.policy is None) == any(each.severity == "error" for each in reading.problems)
    lines = LINE_END.split(text)
    for each in reading.problems:
        assert 1 <= each.line <= len(lines)
        assert 1 <= each.column <= len(lines[each.line - 1]) + 1
        assert each.what
        assert each.text().isprintable()
    if reading.policy is not None:
        compile_policy(reading.policy, "0" * 12, b"k" * 16)


@settings(max_examples=400)
@given(st.one_of(st.text(), SOUP))
@example("\ufeff")
@example("a: &a [*a]")
@example("? [a]\n: b")
@example("upstreams: &u [*u]\nroutes: *u\n")
@example("'\n")
@example("\u2028\x08")
def test_any_text_is_a_policy_or_problems_in_valid_places(text: str) -> None:
    assert_sound(text)


@settings(max_examples=150)
@given(damaged())
def test_a_damaged_policy_is_a_policy_or_problems_in_valid_places(text: str) -> None:
    assert_sound(text)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = sorted(set(re.findall(r"\b[a-z_]+[0-9]*(?=:)", FULL)))


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=8))
def test_any_value_in_any_field_is_told_and_never_crashes(document: dict[str, Any]) -> None:
    whole = yaml.safe_load(FULL)
    for part in ("upstreams", "routes", "limits", "access", "consumers"):
        whole[part][0] = whole[part][0] | document
    whole |= document
    assert_sound(json.dumps(whole, default=str))


NAMES = st.from_regex(r"[A-Za-z0-9_]([A-Za-z0-9_. -]{0,10}[A-Za-z0-9_])?", fullmatch=True)
SEGMENTS = st.one_of(
    st.from_regex(r"[a-z0-9._~-]{1,6}", fullmatch=True), st.sampled_from(["{a}", "{b}", "caf%C3%A9"])
)
WRITTEN = {
    value: text
    for text, value in (("10/s", 10.0), ("30/min", 0.5), ("90/h", 0.025), ("5000/d", 5000 / 86400.0))
}
RATE = st.sampled_from(sorted(WRITTEN))
ZONES = st.sampled_from([dt.UTC, dt.timezone(dt.timedelta(hours=2))])
SECONDS = st.floats(NOW + 1, NOW + 2e9)
TIMES = st.one_of(st.none(), st.builds(dt.datetime.fromtimestamp, SECONDS, ZONES))
MODES: st.SearchStrategy[Mode] = st.sampled_from(["off", "shadow", "canary", "enforce"])
NETWORKS = st.sampled_from(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1"])
MILLISECONDS = st.integers(1, 86_400_000)
TIMEOUTS = st.builds(Timeouts, head_ms=MILLISECONDS, keep_alive_ms=MILLISECONDS, body_idle_ms=MILLISECONDS)


@st.composite
def routes(draw: st.DrawFn, number: int, upstreams: list[str]) -> Route:
    """A route whose path no other one has."""
    inner = draw(st.lists(SEGMENTS, max_size=3, unique=True))
    inner = [part for part in inner if part not in (".", "..")]
    return Route(
        name=f"route {number}",
        path="/" + "/".join([f"r{number}", *inner, draw(st.sampled_from(["", "*", "end"]))]),
        upstream=draw(st.sampled_from(upstreams)),
        host=draw(st.sampled_from([None, "api.example.org"])),
        methods=tuple(draw(st.lists(st.sampled_from(METHODS), unique=True, max_size=3))),
        auth=draw(st.sampled_from(["none", "optional", "required"])),
        strip_prefix=draw(st.sampled_from([None, f"/r{number}"])),
        max_body_bytes=draw(st.sampled_from([None, 0, 1 << 30])),
        timeouts=draw(st.one_of(st.none(), TIMEOUTS)),
        signals=draw(st.sampled_from([None, Signals(subject="json:user", success=(200, 302))])),
    )


@st.composite
def limits(draw: st.DrawFn, number: int, names: list[str]) -> Limit:
    """A limit of any kind."""
    mode = draw(MODES)
    return Limit(
        name=f"limit {number}",
        mode=mode,
        canary=draw(st.floats(0.0, 1.0, exclude_min=True)) if mode == "canary" else 0.0,
        expires_at=draw(TIMES),
        routes=tuple(draw(st.lists(st.sampled_from(names), unique=True))),
        reason=draw(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=20)),
        key=draw(st.sampled_from(["identity", "route", "global", HeaderKey(header="X-Device")])),
        rate=draw(RATE),
        burst=draw(st.integers(1, 10**9)),
        adaptive=draw(st.sampled_from([None, Adaptive(floor=min(WRITTEN), ceiling=max(WRITTEN))])),
    )


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A policy that is right."""
    upstreams = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    plans = draw(st.lists(NAMES, max_size=2, unique=True))
    made = tuple(draw(routes(number, upstreams)) for number in range(draw(st.integers(1, 4))))
    digests = (f"{number:064x}" for number in count(1))
    consumers = tuple(
        Consumer(
            name=name,
            plan=draw(st.sampled_from([None, *plans])),
            keys=tuple(
                Key(sha256=next(digests), expires_at=draw(TIMES)) for _ in range(draw(st.integers(0, 2)))
            ),
        )
        for name in draw(st.lists(NAMES, max_size=3, unique=True))
    )
    return Policy(
        tenant=draw(NAMES),
        upstreams=tuple(Upstream(name=name, url="http://[::1]:9000/v1", host="client") for name in upstreams),
        routes=made,
        plans=tuple(Plan(name=name) for name in plans),
        consumers=consumers,
        limits=tuple(draw(limits(n, [each.name for each in made])) for n in range(draw(st.integers(0, 3)))),
        access=tuple(
            AccessRule(name=f"access {n}", action="deny", networks=(draw(NETWORKS),), expires_at=draw(TIMES))
            for n in range(draw(st.integers(0, 2)))
        ),
        telemetry=Telemetry(
            addresses=draw(st.sampled_from(["raw", "keyed"])), user_agent=draw(st.booleans())
        ),
        timeouts=draw(TIMEOUTS),
        trusted_proxies=tuple(draw(st.lists(NETWORKS, unique=True))),
        allow_list=tuple(f"consumer:{each.name}" for each in consumers),
    )


def to_document(value: Any, field: str = "") -> Any:
    """A policy as an operator writes it: rates with their unit, and nothing that is the default None."""
    if field in ("rate", "floor", "ceiling"):
        return WRITTEN[value]
    if isinstance(value, dict):
        return {name: to_document(each, name) for name, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [to_document(each) for each in value]
    return value


@settings(max_examples=150)
@given(policies(), st.booleans())
def test_a_policy_that_is_written_out_is_read_back_as_it_was(policy: Policy, in_blocks: bool) -> None:
    document = to_document(msgspec.to_builtins(policy))
    blocks, flow = yaml.safe_dump(document, allow_unicode=True), json.dumps(document, ensure_ascii=False)
    text = blocks if in_blocks else flow
    reading = read_policy(text, "p.yaml", NOW)
    assert reading.policy == policy, [each.text() for each in reading.problems]
