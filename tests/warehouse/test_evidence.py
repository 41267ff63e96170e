import time

from clickhouse_connect.driver.client import Client

from tests.analytics.traffic import login, rows_of
from tests.warehouse.event_rows import insert_rows, row
from tests.warehouse.test_suspects import stuffing_finding
from warehouse.evidence import EvidenceReader
from warehouse.suspects import Suspect, find_suspects, insert_suspects


def test_what_an_attack_shares_stands_beside_what_others_do(warehouse_client: Client, tenant: str) -> None:
    start = int(time.time()) - 60
    attack = [
        row(tenant, seq, ended_at=start + seq, identity="ip:10.0.0.1", user_agent="evil", route="orders")
        for seq in range(1, 5)
    ]
    others = [
        row(tenant, seq, ended_at=start + seq, identity=f"ip:10.1.0.{seq}", user_agent="kind")
        for seq in range(5, 11)
    ]
    elsewhere = row(tenant, 11, ended_at=start + 5, identity="ip:10.0.0.1", user_agent="evil", route="other")
    insert_rows(warehouse_client, [*attack, *others, elsewhere], token=tenant)
    reader = EvidenceReader(warehouse_client, tenant)
    who = ("ip:10.0.0.1",)
    found = {
        (each.name, each.value): each
        for each in reader.attributes(who, "orders", since=start, until=start + 60)
    }
    evil, method = found["user_agent", "evil"], found["method", "GET"]
    assert (evil.in_attack, round(evil.in_baseline, 3), evil.likelihood) == (1.0, 0.143, 0.8)
    assert (method.in_attack, method.in_baseline, round(method.likelihood, 3)) == (1.0, 1.0, 0.364)
    assert ("user_agent", "kind") not in found
    samples = reader.samples(who, "", since=start, until=start + 60)
    assert [(each.route, each.ended_at) for each in samples[:2]] == [
        ("other", start + 5),
        ("orders", start + 4),
    ]
    assert len(reader.samples(who, "orders", since=start, until=start + 60)) == 4


def test_peers_of_logins_are_those_whom_nothing_accuses(warehouse_client: Client, tenant: str) -> None:
    start = int(time.time()) // 60 * 60 - 120
    requests = [
        *(login(at, f"ip:10.2.0.{at}", f"u{at}", success=True) for at in range(40)),
        login(50, "ip:10.2.0.1", "u1", success=False),
        *(login(at / 4, "ip:10.0.0.1", f"s{at}", success=False) for at in range(100)),
    ]
    insert_rows(warehouse_client, rows_of(tenant, requests, start), token=tenant)
    reader = EvidenceReader(warehouse_client, tenant)
    finding = stuffing_finding(tenant, float(start))
    assert reader.accused(finding) == ("ip:10.0.0.1",)
    insert_suspects(warehouse_client, tenant, find_suspects(warehouse_client, finding))
    peers = reader.login_peers("login", start + 120)
    assert peers is not None
    assert (peers.identities, peers.p50, peers.greatest) == (40, 1.0, 2.0)
    assert reader.login_peers("nowhere", start + 120) is None
    long_ago = [Suspect("old", f"ip:10.2.0.{at}", start - 86_400.0, start - 80_000.0, 9) for at in range(20)]
    insert_suspects(warehouse_client, tenant, long_ago)
    assert reader.login_peers("login", start + 120) == peers  # who was accused once is a peer again


def test_the_conduct_of_the_accused_is_told(warehouse_client: Client, tenant: str) -> None:
    start = int(time.time()) - 100
    requests = [login(1.0, "ip:10.0.0.1", "u", success=True), login(60.0, "ip:10.0.0.2", "v", success=True)]
    insert_rows(warehouse_client, rows_of(tenant, requests, start), token=tenant)
    reader = EvidenceReader(warehouse_client, tenant)
    who = ("ip:10.0.0.1", "ip:10.0.0.2")
    assert reader.conduct(who, since=start + 30.0, until=start + 99.0).ordinary == {"ip:10.0.0.1"}
