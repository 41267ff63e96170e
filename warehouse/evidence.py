"""Evidence for recommendations: what an attack's requests share, samples of them, and what peers do."""

from collections.abc import Sequence
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from kernel.findings import Finding
from kernel.recommendations import Attribute, Peers
from kernel.replays import MOST_EXAMPLES, Example
from warehouse.conduct import Conduct, read_conduct
from warehouse.moments import to_seconds
from warehouse.queries import load
from warehouse.suspects import find_suspects

MOST_ATTRIBUTES: Final = 12
LONGEST_S: Final = 600  # of an attack that is looked at
PEERS_S: Final = 3_600


class EvidenceReader:
    """Asks for one tenant; times are seconds since 1970. Raises clickhouse_connect's errors."""

    def __init__(self, client: Client, tenant: str) -> None:
        self._client = client
        self._tenant = tenant

    def accused(self, finding: Finding) -> tuple[str, ...]:
        """Whom a finding over several identities accuses, the busiest first."""
        return tuple(each.identity for each in find_suspects(self._client, finding))

    def attributes(
        self, who: Sequence[str], route: str, *, since: float, until: float
    ) -> tuple[Attribute, ...]:
        """Values that their requests have in common, the most frequent first. `route` empty: on all."""
        rows = self._ask("attributes", who, route, stretch=(since, until), most=MOST_ATTRIBUTES)
        return tuple(
            Attribute(
                name=name,
                value=value,
                in_attack=round(ours / max(attack, 1), 4),
                in_baseline=round(theirs / max(others, 1), 4),
                likelihood=round(ours / max(ours + theirs, 1), 4),
            )
            for name, value, ours, theirs, attack, others in rows
        )

    def samples(self, who: Sequence[str], route: str, *, since: float, until: float) -> tuple[Example, ...]:
        """Their latest requests."""
        rows = self._ask("samples", who, route, stretch=(since, until), most=MOST_EXAMPLES)
        return tuple(
            Example(to_seconds(ended), method, name, identity, int(status), is_attack=True)
            for ended, method, name, identity, status in rows
        )

    def conduct(self, who: Sequence[str], *, since: float, until: float) -> Conduct:
        """What accused addresses did besides; they are accused since `since`."""
        return read_conduct(self._client, self._tenant, dict.fromkeys(who, since), until=until)

    def login_peers(self, route: str, until: float) -> Peers | None:
        """What identities that nobody accuses ask of a route in a minute, over the last hour."""
        parameters = {
            "tenant": self._tenant,
            "route": route,
            "since": round((until - PEERS_S) * 1e6),
            "until": round(until * 1e6),
        }
        (row,) = self._client.query(load("login_peers"), parameters=parameters).result_rows
        identities, *quantiles = row
        if not identities:
            return None
        p50, p90, p99, p999, greatest = (float(each) for each in quantiles)
        return Peers("requests per minute", int(identities), p50, p90, p99, p999, greatest, observed=0.0)

    def _ask(
        self, name: str, who: Sequence[str], route: str, *, stretch: tuple[float, float], most: int
    ) -> Sequence[Sequence[Any]]:
        since, until = stretch
        parameters = {
            "tenant": self._tenant,
            "who": list(who),
            "route": route,
            "since": round(max(since, until - LONGEST_S) * 1e6),
            "until": round(until * 1e6),
            "most": most,
        }
        rows: Sequence[Sequence[Any]] = self._client.query(load(name), parameters=parameters).result_rows
        return rows
