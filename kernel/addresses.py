"""Client addresses: parsing, networks, and which hop of X-Forwarded-For to believe."""

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
MAPPED_BITS = 96  # ::ffff:0:0/96
IPV6_SITE_BITS = 64  # one customer's network: privacy addresses change below it


class Address(NamedTuple):
    """An address: its canonical text, its IP version and its integer value."""

    text: str
    version: int
    value: int


UNKNOWN = Address("::", 6, 0)


def parse_address(text: str) -> Address | None:
    """Parse an address, with or without brackets and port; None where it is none.

    IPv4-mapped IPv6 addresses become IPv4, so that one client has one identity.
    """
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return Address(str(parsed), parsed.version, int(parsed))


def parse_network(text: str) -> IPNetwork | None:
    """Parse a network or a single address; bits beyond the prefix are dropped; None where it is none.

    IPv4-mapped IPv6 networks become IPv4, as addresses do.
    """
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= MAPPED_BITS:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return ipaddress.IPv4Network((mapped, network.prefixlen - MAPPED_BITS))
    return network


def identity_of_address(address: Address) -> str:
    """`ip:ADDRESS`, IPv6 by its /64: whom a limit is keyed by where nobody authenticated."""
    if address.version == 4:
        return f"ip:{address.text}"
    site = address.value >> IPV6_SITE_BITS << IPV6_SITE_BITS
    return f"ip:{ipaddress.IPv6Address(site)}/{IPV6_SITE_BITS}"


class Networks:
    """An immutable set of networks; `in` costs one dictionary look-up per prefix length."""

    __slots__ = ("_by_length",)

    def __init__(self, networks: Iterable[str]) -> None:
        by_length: dict[tuple[int, int], set[int]] = {}
        for text in networks:
            network = parse_network(text)
            if network is None:
                raise ValueError(f"{text!r} is not a network")
            shift = network.max_prefixlen - network.prefixlen
            prefixes = by_length.setdefault((network.version, shift), set())
            prefixes.add(int(network.network_address) >> shift)
        self._by_length = tuple(
            (version, shift, frozenset(found)) for (version, shift), found in by_length.items()
        )

    def __contains__(self, address: Address) -> bool:
        version, value = address.version, address.value
        return any(version == of and value >> shift in prefixes for of, shift, prefixes in self._by_length)

    def __bool__(self) -> bool:
        return bool(self._by_length)


def client_of(peer: Address, forwarded_for: str, trusted: Networks) -> Address:
    """The client behind trusted proxies: X-Forwarded-For is walked from the right.

    The first hop that is not a trusted proxy is the client; a hop that does not parse ends the
    walk at the last one that did. From an untrusted peer the field is not believed at all.
    """
    if peer not in trusted:
        return peer
    client = peer
    for hop in reversed(forwarded_for.split(",")):
        address = parse_address(hop)
        if address is None:
            break
        client = address
        if address not in trusted:
            break
    return client
