"""The traffic explorer, run without a browser on known rows."""

from collections.abc import Mapping
from typing import Any

from dashboards.expansion import TimeRange
from notebooks.reading import LATE_S, Choice, Explored
from notebooks.settings import Settings
from notebooks.traffic_explorer import app
from tests.dashboards.seeded import FAILED, LOGIN, ORDERS, REFUSED, SLOW_US
from tests.notebooks.conftest import EXPLORED
from tests.notebooks.running import NOWHERE, run


def explored(url: str, span: TimeRange, **choice: str) -> tuple[str, Explored, Mapping[str, Any]]:
    tenant = choice.pop("tenant", EXPLORED)
    known = Settings(warehouse=url, tenant=tenant)
    shown, defined = run(app, known=known, form=None, choice=Choice(tenant, span, **choice))
    return shown, defined["found"], defined


def requests(found: Explored, name: str, span: TimeRange) -> float:
    """How many there were of a status class."""
    return round(sum(float(rate or 0) for rate in found.rates.of(name)) * span.interval_s)


def test_every_request_is_in_its_class(warehouse_url: str, seeded_span: TimeRange) -> None:
    shown, found, _ = explored(warehouse_url, seeded_span)
    counts = {
        name: requests(found, name, seeded_span)
        for name in ("success", "refused_by_gateway", "server_errors")
    }
    assert counts == {
        "success": ORDERS + LOGIN - REFUSED - FAILED,
        "refused_by_gateway": REFUSED,
        "server_errors": FAILED,
    }
    for title in ("Requests by status class", "Latency", "Findings", "What was refused, and why"):
        assert title in shown


def test_latency_is_that_of_the_chosen_route(warehouse_url: str, seeded_span: TimeRange) -> None:
    _, found, _ = explored(warehouse_url, seeded_span, route="login")
    for quantile in ("p50", "p95", "p99"):
        assert all(
            abs(float(each or 0) / (SLOW_US / 1000) - 1) < 0.045 for each in found.latencies.of(quantile)
        )


def test_one_identity_is_told_exactly(warehouse_url: str, seeded_span: TimeRange) -> None:
    shown, found, _ = explored(warehouse_url, seeded_span, identity="consumer:shop")
    assert requests(found, "success", seeded_span) == LOGIN
    assert set(found.latencies.of("p99")) == {SLOW_US / 1000}
    assert found.fates.of("requests") == (LOGIN,)
    assert found.fates.of("refused_by_shadows") == (LOGIN,)
    assert "What became of the requests of consumer:shop" in shown


def test_who_is_busiest_and_what_was_refused_why(warehouse_url: str, seeded_span: TimeRange) -> None:
    shown, found, _ = explored(warehouse_url, seeded_span)
    assert dict(zip(found.clients.of("identity"), found.clients.of("request_count"), strict=True)) == {
        "ip:10.0.0.1": ORDERS,
        "consumer:shop": LOGIN,
    }
    assert dict(zip(found.routes.of("route"), found.routes.of("request_count"), strict=True)) == {
        "orders": ORDERS,
        "login": LOGIN,
    }
    rules = zip(*(found.rules.of(name) for name in ("refused_by", "mode", "request_count")), strict=True)
    assert set(rules) == {("plan", "enforced", REFUSED), ("strict", "shadow", LOGIN)}
    assert "refused: limit" in shown


def test_findings_stand_on_the_time_line_and_in_their_table(
    warehouse_url: str, seeded_span: TimeRange
) -> None:
    shown, found, _ = explored(warehouse_url, seeded_span)
    assert [(each.detector, each.onset) for each in found.findings] == [
        ("D1", seeded_span.since + 100),
        ("D3", seeded_span.since + 100),
    ]
    assert "D3 credential-stuffing" in shown
    assert "still open" in shown
    _, login, _ = explored(warehouse_url, seeded_span, route="login")
    assert [each.detector for each in login.findings] == ["D3"]


def test_the_choices_are_what_there_is(warehouse_url: str, seeded_span: TimeRange) -> None:
    known = Settings(warehouse=warehouse_url, tenant=EXPLORED)
    _, defined = run(app, known=known, form=None, now=seeded_span.until)
    assert defined["tenant"].value == EXPLORED
    assert set(defined["route"].options) == {"all", "login", "orders"}
    assert defined["choice"].span.until == seeded_span.until - LATE_S


def test_a_tenant_without_traffic_is_no_choice(warehouse_url: str, seeded_span: TimeRange) -> None:
    _, defined = run(app, known=Settings(warehouse_url, "nobody"), form=None, now=seeded_span.until)
    assert EXPLORED in defined["tenant"].options
    assert defined["tenant"].value == next(iter(defined["tenant"].options))


def test_an_empty_table_is_said_to_be_empty(warehouse_url: str, tenant: str) -> None:
    shown, found, _ = explored(warehouse_url, TimeRange(1_700_000_000.0, 1_700_000_600.0), tenant=tenant)
    assert found.rates.rows == 0
    assert "There are no requests between 2023-11-14 22:13:20" in shown
    assert "Nothing in this time." in shown


def test_a_warehouse_that_does_not_answer_is_told_in_a_sentence() -> None:
    shown, defined = run(app, known=Settings(warehouse=NOWHERE), form=None)
    assert "the warehouse does not answer (connection refused): http://127.0.0.1:9." in shown
    assert "s3cret" not in shown
    assert "Traceback" not in shown
    assert "found" not in defined


def test_without_a_warehouse_it_asks_for_one() -> None:
    shown, _ = run(app, known=Settings(), form=run(app)[1]["form"])
    assert "Say where the warehouse is" in shown
