"""G1, identity collapsed: one address carries most of the consumers or of the user agents.

Then the address is no identity but a proxy that the policy does not trust, and a limit or overlay
on it would hit everybody behind it: automation is paused while this finding is open. A greedy
client carries much traffic too, but with one consumer and one user agent: it is not mistaken.
"""

from analytics.detector import Card, Mask, Scored, Seen, Signal
from analytics.windows import AddressRow
from kernel.findings import Observation

MOST = 0.5  # share of requests, and of consumers or user agents
LEAST_CONSUMERS = 3
LEAST_AGENTS = 10
ALL_OF_IT = 12.0  # the score where everything comes by one address: the ladder's highest rung

CARD = Card(
    number="G1",
    kind="identity-collapsed",
    owasp="",
    looks_at=("tenant", "ended_at", "client_ip", "consumer", "user_agent_hash", "interim"),
    silence_is_calm=False,
    adopted_after_s=0,
    summary="one address that carries most consumers or user agents: a trusted proxy is missing",
)


class IdentityCollapsed:
    """G1: no baseline, so nothing is learnt."""

    @property
    def card(self) -> Card:
        """What it is."""
        return CARD

    def size(self) -> int:
        """Nothing is remembered."""
        return 0

    def learn(self, seen: Seen, mask: Mask) -> None:
        """There is nothing to learn."""

    def score(self, seen: Seen) -> Scored:
        """Judge the ten seconds that end with the window, where it has them."""
        signals = tuple(
            to_signal(seen.window.second, row) for row in seen.window.addresses if is_collapsed(row)
        )
        calm = frozenset({CARD.kind}) if seen.window.addresses and not signals else frozenset()
        return Scored(signals, calm)


def is_collapsed(row: AddressRow) -> bool:
    """Whether this address stands for most of the others."""
    if row.requests < MOST * row.all_requests:
        return False
    consumers = row.consumers >= max(LEAST_CONSUMERS, MOST * row.all_consumers)
    agents = row.agents >= max(LEAST_AGENTS, MOST * row.all_agents)
    return consumers or agents


def to_signal(second: int, row: AddressRow) -> Signal:
    """The signal about one address; there is one such finding at a time."""
    share = row.requests / max(row.all_requests, 1)
    identity = f"ip:{row.address.removeprefix('::ffff:')}"
    return Signal(
        key=CARD.kind,
        kind=CARD.kind,
        ripe=True,
        score=round(ALL_OF_IT * share, 3),
        onset=second - 9,
        route="",
        identity=identity,
        group="",
        severity="critical",
        summary=f"{identity} carries {share:.0%} of all requests, {row.consumers} consumers and {row.agents} "
        "user agents: is it a proxy that `trusted_proxies` should name? Automation is paused",
        evidence=(
            Observation("share_of_requests", round(share * 100, 2), MOST * 100, "%"),
            Observation("consumers_behind", float(row.consumers), float(row.all_consumers), "consumers"),
            Observation("agents_behind", float(row.agents), float(row.all_agents), "user agents"),
        ),
    )
