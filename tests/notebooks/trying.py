"""A greedy client among twenty others for one minute, as in tests/analytics/test_replaying.py."""

from clickhouse_connect.driver.client import Client

from tests.analytics.replays import GREEDY, SINCE, Asked, judged_rows, policy_text, steady, store
from tests.findings import burst
from warehouse.findings import insert_findings

TRIED = "tried"
WIDE = "{name: wide, rate: 100/s, burst: 200}"
BASE = policy_text(WIDE)
STRICT = policy_text(WIDE, "{name: strict, rate: 1/s, burst: 2}")
UNTIL = SINCE + 60
PEERS = [f"ip:10.0.1.{number}" for number in range(20)]
# Of a bucket that is asked each 0.1 s (600 times in the minute), and each 0.5 s (120 times): what is refused.
GREEDY_REFUSED, PEER_REFUSED = 600 - 61, 120 - 61  # at 1/s, burst 2
GREEDY_REFUSED_AT_TWO = 600 - 121  # at 2/s, burst 2; a peer that asks twice a second never is


def crowd() -> list[Asked]:
    """Ten a second, three peers that ask twice a second, 17 that ask each five seconds."""
    asked = steady(GREEDY, every_s=0.1, until_s=60)
    for number, peer in enumerate(PEERS):
        asked += steady(peer, every_s=0.5 if number < 3 else 5.0, until_s=60)
    return asked


def seed_crowd(client: Client) -> None:
    """The crowd's rows, and a finding that accuses the greedy client."""
    store(client, TRIED, judged_rows(TRIED, BASE, crowd()))
    finding = burst(GREEDY, SINCE, id="tried-1", tenant=TRIED, route="orders", summary="ten a second")
    insert_findings(client, [finding])
