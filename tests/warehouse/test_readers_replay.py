"""Requests as a replay reads them."""

from clickhouse_connect.driver.client import Client
from msgspec import structs

from kernel.decide import Reason
from kernel.policy import METHODS
from tests.findings import burst
from tests.warehouse.event_rows import insert_rows, row
from warehouse.findings import insert_findings
from warehouse.readers_replay import LONGEST_S, Meeting, Refused, ReplayReader, Stretch, Wording
from warehouse.suspects import Suspect, insert_suspects

AT = 1_800_000_000.0
WORDING = Wording(
    reasons=tuple(str(reason) for reason in Reason if reason),
    rules=("one", "two"),
    methods=METHODS,
    caps=(100,),
    opaque=("two",),
    addressed=False,
    revision="abc",
)


def whole(since: float = AT - 500, until: float = AT + 1000) -> Stretch:
    return Stretch(since, until, since, until)


def test_rows_come_in_the_order_in_which_they_were_decided(warehouse_client: Client, tenant: str) -> None:
    slow = row(tenant, 1, ended_at=AT + 10, started_at=round(AT * 1e6), duration_us=10_000_000)
    quick = row(
        tenant, 2, ended_at=AT + 5, method="POST", revision="abc", rule="one", reason="quota-exceeded"
    )
    held = row(
        tenant, 3, ended_at=AT + 9, started_at=round(AT * 1e6), head_us=8_000_000, duration_us=9_000_000
    )
    insert_rows(warehouse_client, [slow, quick, held], token="order")
    found = ReplayReader(warehouse_client, tenant).rows(whole(), WORDING)
    assert [each - round(AT * 1e6) for each in found.decided] == [0, 4_998_500, 8_000_000]
    assert list(found.rule) == [0, 1, 0]
    assert list(found.refused) == [0, 1, 0]
    assert list(found.is_then) == [0, 1, 0]
    assert [METHODS[each - 1] for each in found.method] == ["GET", "POST", "GET"]


def test_an_overlay_began_with_the_first_decision_that_it_made(warehouse_client: Client, tenant: str) -> None:
    rows = [
        row(tenant, 1, ended_at=AT + 1),
        row(tenant, 2, ended_at=AT + 3, overlay="o1"),
        row(tenant, 3, ended_at=AT + 9, started_at=round((AT + 2) * 1e6), head_us=500_000, overlay="o1"),
        row(tenant, 4, ended_at=AT + 5, overlay="o2"),
    ]
    insert_rows(warehouse_client, rows, token="overlays")
    began = ReplayReader(warehouse_client, tenant).overlays_began(AT, AT + 60)
    assert {name: round(at - AT, 1) for name, at in began.items()} == {"o1": 2.5, "o2": 5.0}


def test_what_never_reached_the_rules_or_took_too_long_is_left_out(
    warehouse_client: Client, tenant: str
) -> None:
    long = (LONGEST_S + 1) * 1_000_000
    rows = [
        row(tenant, 1, ended_at=AT, route="", outcome="no_route", reason="no-route"),
        row(tenant, 2, ended_at=AT, interim=1),
        row(tenant, 3, ended_at=AT, started_at=round(AT * 1e6) - long, duration_us=long),
        row(tenant, 4, ended_at=AT),
    ]
    insert_rows(warehouse_client, rows, token="left-out")
    reader = ReplayReader(warehouse_client, tenant)
    assert len(reader.rows(whole(), WORDING).decided) == 1
    span = reader.span(AT - 500, AT + 500, step_s=10)
    assert (list(span.began), list(span.requests), list(span.overlong)) == ([int(AT)], [2], [1])
    assert [list(each) for each in span.workers] == [["w1"]]


def test_what_no_route_took_is_read_where_rules_judge_it(warehouse_client: Client, tenant: str) -> None:
    nowhere = {"route": "", "path": ""}
    rows = [
        row(tenant, 1, ended_at=AT, **nowhere, reason="no-route"),
        row(tenant, 2, ended_at=AT + 1, **nowhere, reason="method-not-allowed", identity="ip:10.0.0.2"),
        row(tenant, 3, ended_at=AT + 2, **nowhere, reason="access-denied", rule="one"),
        row(tenant, 4, ended_at=AT + 3, **nowhere, outcome="answered"),
        row(tenant, 5, ended_at=AT + 4, **nowhere, outcome="bad_request", reason="bad-request"),
        row(tenant, 6, ended_at=AT + 5, **nowhere, outcome="client_gone_head"),
        row(tenant, 7, ended_at=AT + 6),
    ]
    insert_rows(warehouse_client, rows, token=tenant)
    reader, wording = ReplayReader(warehouse_client, tenant), structs.replace(WORDING, unrouted=True)
    found = reader.rows(whole(), wording)
    assert list(found.refused) == [1, 1, 1, 0, 0]
    assert sum(reader.span(AT - 500, AT + 500, step_s=10, unrouted=True).requests) == 5
    behind = reader.combinations(whole(), wording)
    kinds = zip(behind.route, behind.is_wrong_method, behind.is_answered, strict=True)
    assert sorted(kinds) == [("", 0, 0), ("", 0, 1), ("", 1, 0), ("orders", 0, 0)]
    assert list(reader.met(AT - 10, AT + 10, Meeting(("one",)))) == ["ip:10.0.0.1"]
    everywhere = Meeting(("one",), unrouted=True)
    assert list(reader.met(AT - 10, AT + 10, everywhere)) == ["ip:10.0.0.1", "ip:10.0.0.2"]
    assert len(reader.rows(whole(), WORDING).decided) == 1


def test_equal_facts_are_one_combination(warehouse_client: Client, tenant: str) -> None:
    rows = [
        row(tenant, 1, ended_at=AT, bytes_in=10),
        row(tenant, 2, ended_at=AT + 1, bytes_in=90, client_ip="::ffff:10.0.0.2"),
        row(tenant, 3, ended_at=AT + 2, bytes_in=101),
        row(tenant, 4, ended_at=AT + 3, would_refuse=["one", "two"]),
        row(tenant, 5, ended_at=AT + 4, rule="two", reason="access-denied"),
    ]
    insert_rows(warehouse_client, rows, token="combinations")
    reader = ReplayReader(warehouse_client, tenant)
    codes = list(reader.rows(whole(), WORDING).combination)
    assert codes[0] == codes[1]
    assert len(set(codes)) == 4
    found = reader.combinations(whole(), WORDING)
    behind = {code: at for at, code in enumerate(found.combination)}
    assert set(behind) == set(codes)
    assert found.body_bytes[behind[codes[0]]] == 90
    assert found.body_bytes[behind[codes[2]]] == 101
    assert list(found.told_then[behind[codes[3]]]) == ["two"]
    assert found.refused_by[behind[codes[4]]] == "two"
    assert found.address[behind[codes[2]]] == "10.0.0.1"


def test_whom_findings_accuse_is_read_with_the_time(warehouse_client: Client, tenant: str) -> None:
    finding = burst("ip:1", AT, tenant=tenant)
    insert_findings(warehouse_client, [finding])
    insert_suspects(warehouse_client, tenant, [Suspect("f2", "ip:2", AT, AT + 5, 3)])
    found = ReplayReader(warehouse_client, tenant).accused(AT - 1, AT + 1)
    assert list(found.identity) == ["ip:1", "ip:2"]
    assert [each / 1e6 for each in found.until] == [0.0, AT + 5]
    assert list(ReplayReader(warehouse_client, tenant).accused(AT - 9, AT - 1).identity) == []
    for refuted, left in ((finding.id, "ip:2"), ("f2", "ip:1")):
        found = ReplayReader(warehouse_client, tenant).accused(AT - 1, AT + 1, refuted=[refuted])
        assert list(found.identity) == [left]


def test_who_turned_out_to_be_no_suspect_is_not_accused(warehouse_client: Client, tenant: str) -> None:
    many = [Suspect("f2", f"ip:10.0.{at // 250}.{at % 250}", AT, AT + 5, 3) for at in range(1_000)]
    insert_suspects(warehouse_client, tenant, many)
    reader = ReplayReader(warehouse_client, tenant)
    assert len(reader.accused(AT - 1, AT + 1).identity) == 1_000
    insert_suspects(warehouse_client, tenant, many[1:])
    assert many[0].identity not in reader.accused(AT - 1, AT + 1).identity
    assert len(reader.accused(AT - 1, AT + 1).identity) == 999


def test_the_revision_that_judged_most_is_told(warehouse_client: Client, tenant: str) -> None:
    reader = ReplayReader(warehouse_client, tenant)
    assert reader.judged_by(AT - 10, AT + 10) == ""
    rows = [row(tenant, seq, ended_at=AT + seq, revision="r1" if seq < 2 else "r2") for seq in range(6)]
    insert_rows(warehouse_client, rows, token=tenant)
    assert reader.judged_by(AT - 10, AT + 10) == "r2"
    assert reader.judged_by(AT - 10, AT + 2) == "r1"


def test_whom_rules_could_have_met_and_refused_is_told(warehouse_client: Client, tenant: str) -> None:
    reader = ReplayReader(warehouse_client, tenant)
    assert list(reader.met(AT - 10, AT + 10, Meeting(("one",)))) == []
    assert reader.refused_by(AT - 10, AT + 10, ["one"]) == {}
    rows = [
        row(tenant, 1, ended_at=AT, route="orders", identity="ip:1", rule="one"),
        row(tenant, 2, ended_at=AT, route="orders", identity="ip:2", plan="gold", would_refuse=["one"]),
        row(tenant, 3, ended_at=AT, route="logins", identity="ip:3"),
        row(tenant, 4, ended_at=AT + 60, route="orders", identity="ip:4", rule="one"),
    ]
    insert_rows(warehouse_client, rows, token=tenant)
    assert list(reader.met(AT - 10, AT + 10, Meeting(("one",)))) == ["ip:1", "ip:2", "ip:3"]
    assert list(reader.met(AT - 10, AT + 10, Meeting(("one",), ("orders",)))) == ["ip:1", "ip:2"]
    assert list(reader.met(AT - 10, AT + 10, Meeting(("one",), ("orders",), ("gold",)))) == ["ip:2"]
    assert reader.refused_by(AT - 10, AT + 10, ["one"]) == {
        "ip:1": Refused(1, AT, AT),
        "ip:2": Refused(1, AT, AT),
    }
