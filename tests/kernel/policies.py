"""Policies, snapshots and facts as the kernel's tests write them."""

import textwrap
from collections.abc import Iterable

from kernel.addresses import Address, parse_address
from kernel.check import read_policy
from kernel.compile import compile_policy, revision_of, with_overlays
from kernel.decide import Credential, Facts
from kernel.findings import Overlay
from kernel.policy import Policy
from kernel.problems import Problem
from kernel.snapshot import Principal, Snapshot

NOW = 1_800_000_000.0  # 2027-01-15
HASH_KEY = b"0123456789abcdef"
UPSTREAMS = "upstreams: [{name: shop, url: 'http://127.0.0.1:9000'}]\n"
ROUTES = "routes: [{name: all, path: '/*', upstream: shop}]\n"
DIGEST_A = "a1" * 32
DIGEST_B = "b2" * 32


def problems(text: str, now: float = NOW) -> tuple[Problem, ...]:
    """What is wrong with a text."""
    return read_policy(text, "p.yaml", now).problems


def told(text: str, *, routes: bool = True) -> list[str]:
    """Problems of a policy's part: `field: what`; upstreams and a route are added."""
    whole = UPSTREAMS + (ROUTES if routes else "") + textwrap.dedent(text)
    return [f"{each.field}: {each.what}" for each in problems(whole)]


def policy(text: str, *, routes: bool = True) -> Policy:
    """A policy that must be right; upstreams and a route are added."""
    whole = UPSTREAMS + (ROUTES if routes else "") + textwrap.dedent(text)
    reading = read_policy(whole, "p.yaml", NOW)
    assert reading.policy is not None, [each.text() for each in reading.problems]
    return reading.policy


def snapshot(text: str, *, routes: bool = True, overlays: Iterable[Overlay] = ()) -> Snapshot:
    """That policy, compiled, under overlays."""
    made = compile_policy(policy(text, routes=routes), revision_of(text), HASH_KEY)
    return with_overlays(made, overlays, 1)


def facts(
    identity: str = "ip:192.0.2.1",
    *,
    route: int = 0,
    credential: Credential = "none",
    principal: Principal | None = None,
    header_values: tuple[str, ...] = (),
) -> Facts:
    """What is known of a request without a body; the client's address is the identity's."""
    client = parse_address(identity.removeprefix("ip:"))
    return Facts(
        route=route,
        client=client or UNNAMED,
        identity=identity,
        credential=credential,
        principal=principal,
        content_length=-1,
        header_values=header_values,
    )


def known_address(text: str) -> Address:
    """An address that must parse."""
    address = parse_address(text)
    assert address is not None
    return address


UNNAMED = known_address("198.51.100.99")
