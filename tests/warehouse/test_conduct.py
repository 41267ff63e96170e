import time

from clickhouse_connect.driver.client import Client

from tests.analytics.traffic import Request, login, rows_of
from tests.warehouse.event_rows import insert_rows, row
from warehouse.conduct import MOST_ASKED, Conduct, read_conduct

ACCUSED = [f"ip:10.0.0.{at}" for at in range(1, 8)]


def page(at: float, identity: str, *, status: int = 200, decision: str = "allowed") -> Request:
    return Request(at, identity, "orders", status, 1_000, 10, decision=decision)


def test_who_was_ordinary_before_or_authenticated_at_all_is_told(
    warehouse_client: Client, tenant: str
) -> None:
    start = int(time.time()) - 200
    requests = [
        page(1.0, "ip:10.0.0.1"),  # read a page before
        page(60.0, "ip:10.0.0.2"),  # only after
        login(2.0, "ip:10.0.0.3", "known", success=True),  # is a customer
        login(60.0, "ip:10.0.0.4", "stolen", success=True),  # the takeover itself
        login(1.0, "ip:10.0.0.5", "guessed", success=False),
        page(1.0, "ip:10.0.0.6", status=404),
        page(2.0, "ip:10.0.0.6", status=200, decision="refused"),
        page(1.0, "ip:10.9.9.9"),  # nobody accuses
    ]
    partner = row(
        tenant,
        99,
        ended_at=start + 60.0,
        identity="consumer:partner",
        consumer="partner",
        client_ip="::ffff:10.0.0.7",
        success=-1,
    )
    insert_rows(warehouse_client, [*rows_of(tenant, requests, start), partner], token=tenant)
    since = dict.fromkeys(ACCUSED, start + 50.0)
    found = read_conduct(warehouse_client, tenant, since, until=start + 100.0)
    assert found.authenticated == {"ip:10.0.0.3", "ip:10.0.0.7"}
    assert found.ordinary == {"ip:10.0.0.1", "ip:10.0.0.3", "ip:10.0.0.7"}
    beside = read_conduct(warehouse_client, tenant, since, until=start + 100.0, denied=("login",))
    assert beside.ordinary == found.ordinary | {"ip:10.0.0.2"}


def test_a_customer_of_ipv6_is_known_by_the_network(warehouse_client: Client, tenant: str) -> None:
    start = int(time.time()) - 200
    site, there = "ip:2001:db8:0:1::/64", "2001:db8:0:1:5::9"
    known = row(tenant, 1, ended_at=start, identity=site, client_ip=there, success=-1)
    insert_rows(warehouse_client, [known], token=tenant)
    accused = {site: start + 50.0, "ip:2001:db8:0:2::/64": start + 50.0, "ip:10.0.0.1": start + 50.0}
    assert read_conduct(warehouse_client, tenant, accused, until=start + 99.0).ordinary == {site}


def test_nobody_is_asked_about_without_an_address(warehouse_client: Client, tenant: str) -> None:
    assert read_conduct(warehouse_client, tenant, {"consumer:one": 1.0}, until=9.0) == Conduct()


def test_a_question_names_so_many_addresses_at_most(warehouse_client: Client, tenant: str) -> None:
    many = {f"ip:10.1.{at // 250}.{at % 250}": 1.0 for at in range(MOST_ASKED + 500)}
    found = read_conduct(warehouse_client, tenant, many, until=9.0)
    assert (found.ordinary, found.known) == (frozenset(), frozenset(list(many)[:MOST_ASKED]))
