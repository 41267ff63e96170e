"""Who automation leaves alone: the identities and networks of the policy's allow-list. Pure."""

from collections.abc import Iterable

from kernel.addresses import Networks, parse_address, parse_network


class AllowList:
    """Identities and networks that automation leaves alone."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._identities = frozenset(entries)
        self._networks = Networks(each for each in self._identities if parse_network(each) is not None)

    def __contains__(self, identity: str) -> bool:
        if identity in self._identities:
            return True
        kind, _, rest = identity.partition(":")
        if kind == "consumer":
            return rest in self._identities
        address = parse_address(rest.partition("/")[0]) if kind == "ip" else None
        return address is not None and address in self._networks
