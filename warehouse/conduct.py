"""What accused addresses did besides what accuses them: who must not be denied, and whose denial is harm."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from clickhouse_connect.driver.client import Client

from warehouse.queries import load

BACK_S: Final = 86_400.0  # a denial needs a day without an authenticated success (closed loop, detectors)
MOST_ASKED: Final = 1_000  # addresses in one question


class Conduct(msgspec.Struct, frozen=True):
    """Identities of addresses. `authenticated`: a consumer's key succeeded from there, or a login before.

    `ordinary`: these, and those from where anything succeeded before, or on routes that are not denied.
    `known`: whose conduct it is.
    """

    authenticated: frozenset[str] = frozenset()
    ordinary: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()


def read_conduct(
    client: Client, tenant: str, accused: Mapping[str, float], *, until: float, denied: Sequence[str] = ()
) -> Conduct:
    """Of the last day before `until`. `accused`: identity -> since when; MOST_ASKED are asked about.

    `denied`: routes on which they would be denied; empty: all. Raises clickhouse_connect's errors.
    """
    befores = {
        who: round(since * 1e6) for who, since in list(accused.items())[:MOST_ASKED] if who.startswith("ip:")
    }
    if not befores:
        return Conduct()
    single = [who.removeprefix("ip:") for who in befores if "/" not in who]
    parameters = {
        "tenant": tenant,
        "who": list(befores),
        "befores": list(befores.values()),
        "addresses": [to_ipv6(address) for address in single],
        "sites": int(len(single) < len(befores)),
        "denied": list(denied),
        "since": round((until - BACK_S) * 1e6),
        "until": round(until * 1e6),
    }
    rows = client.query(load("ordinary"), parameters=parameters).result_rows
    return Conduct(
        authenticated=frozenset(str(who) for who, authenticated, _ in rows if authenticated),
        ordinary=frozenset(str(who) for who, _, ordinary in rows if ordinary),
        known=frozenset(befores),
    )


def to_ipv6(address: str) -> str:
    """As the warehouse keeps it: IPv4 mapped into IPv6."""
    return f"::ffff:{address}" if ipaddress.ip_address(address).version == 4 else address
