"""Copies of decisions: what goes in stands, and a later state replaces it."""

import msgspec
from clickhouse_connect.driver.client import Client

from kernel.control import Label, Marker, Revision, SeenProxy
from kernel.recommendations import Approval, Realised, Reviewed
from kernel.replays import Bound, Split
from tests.console.proposing import recommendation
from warehouse.client import connect
from warehouse.copies import Copied, insert_copies

OPEN = Reviewed(recommendation(), "open", 1_000.0)
APPROVED = msgspec.structs.replace(
    OPEN,
    state="approved",
    approval=Approval("canary", 0.1, 2_000.0, "r2", Bound(1, 40, 0.11), 1_000.0, "ada", "seen"),
    realised=Realised("x", 1.0, 2.0, Split(90, 3), Split(2, 1), Bound(1, 50, 0.09)),
)
COPIED = Copied(
    revisions=(Revision(1, "r1", "", "file", "seeded", 1_000.0),),
    recommendations=(OPEN,),
    markers=(Marker(1_000.0, "deploy", "v1", "ada"),),
    labels=(Label("f1", "", "attack", "", "ada", 1_000.0),),
    proxies=(SeenProxy("p1", "r1", 7, 1_000.0),),
)


def rows(client: Client, question: str, tenant: str) -> list[tuple[object, ...]]:
    asked = f"SELECT {question} FINAL WHERE tenant = {{tenant:String}}"
    return [tuple(row) for row in client.query(asked, parameters={"tenant": tenant}).result_rows]


def test_everything_is_copied_once_however_often_it_is_written(warehouse_client: Client, tenant: str) -> None:
    insert_copies(warehouse_client, tenant, COPIED)
    insert_copies(warehouse_client, tenant, COPIED)
    assert rows(warehouse_client, "number, revision, author FROM revisions", tenant) == [(1, "r1", "file")]
    assert rows(warehouse_client, "kind, text FROM markers", tenant) == [("deploy", "v1")]
    assert rows(warehouse_client, "finding, label FROM labels", tenant) == [("f1", "attack")]
    assert rows(warehouse_client, "name, overlays_version FROM proxies", tenant) == [("p1", 7)]
    asked = "state, mode, harm_promised, rules FROM recommendations"
    assert rows(warehouse_client, asked, tenant) == [("open", "", 1.0, ["slow-down"])]


def test_an_approval_replaces_the_open_state(warehouse_client: Client, tenant: str) -> None:
    insert_copies(warehouse_client, tenant, COPIED)
    insert_copies(warehouse_client, tenant, Copied(recommendations=(APPROVED,)))
    asked = "state, mode, revision, harm_promised, n_realised, attack_refused FROM recommendations"
    assert rows(warehouse_client, asked, tenant) == [("approved", "canary", "r2", 0.11, 50, 90)]


def test_no_time_and_no_version_of_a_stranger_stops_the_copies(warehouse_client: Client, tenant: str) -> None:
    endless = msgspec.structs.replace(recommendation(), expires_at=1e300)
    copied = Copied(
        recommendations=(Reviewed(endless, "open", 1_000.0),),
        proxies=(SeenProxy("p1", "r1", -1, 1_000.0),),
    )
    insert_copies(warehouse_client, tenant, copied)
    assert rows(warehouse_client, "name, overlays_version FROM proxies", tenant) == [("p1", 0)]
    assert rows(warehouse_client, "toYear(expires_at) FROM recommendations", tenant) == [(2299,)]


def test_a_copy_that_no_table_takes_is_told_and_holds_back_no_other(
    warehouse_client: Client, tenant: str
) -> None:
    assert APPROVED.realised is not None
    odd = msgspec.structs.replace(
        APPROVED,
        recommendation=recommendation("odd"),
        realised=msgspec.structs.replace(APPROVED.realised, attack=Split(-1, 0)),
    )
    copied = msgspec.structs.replace(
        COPIED, recommendations=(odd, APPROVED), revisions=(Revision(-1, "r0", "", "", "", 1.0),)
    )
    outcome = insert_copies(warehouse_client, tenant, copied)
    assert [(each.kind, each.id) for each in outcome.refused] == [
        ("revisions", "r0"),
        ("recommendations", odd.recommendation.id),
    ]
    assert all("outside the target range" in each.reason for each in outcome.refused)
    assert outcome.waiting == {}
    assert rows(warehouse_client, "state FROM recommendations", tenant) == [("approved",)]
    assert rows(warehouse_client, "name FROM proxies", tenant) == [("p1",)]


def test_every_kind_has_a_name_for_who_reads_the_log(warehouse_client: Client, tenant: str) -> None:
    copied = Copied(
        markers=(Marker(1.0, "deploy", "v\ud800", "ada"),),
        labels=(Label("", "ip:\ud800", "attack", "", "ada", 1.0),),
        proxies=(SeenProxy("p\ud800", "r1", 1, 1.0),),
    )
    outcome = insert_copies(warehouse_client, tenant, copied)
    assert [(each.kind, each.id) for each in outcome.refused] == [
        ("markers", "v\ud800"),
        ("labels", "ip:\ud800"),
        ("proxies", "p\ud800"),
    ]


def test_a_table_that_is_missing_makes_its_kind_wait_and_no_other(warehouse_url: str, tenant: str) -> None:
    client = connect(warehouse_url)
    client.database = f"without_{tenant}"
    client.command(f"CREATE DATABASE {client.database}", use_database=False)
    client.command("CREATE TABLE markers AS tidegate.markers")
    outcome = insert_copies(client, tenant, COPIED)
    assert outcome.waiting.keys() == {"revisions", "recommendations", "labels", "proxies"}
    assert all("answers with a failure" in each for each in outcome.waiting.values())
    assert rows(client, "text FROM markers", tenant) == [("v1",)]
    client.command(f"DROP DATABASE {client.database}", use_database=False)
    client.close()
