"""Links of an alert lead to boards and pages that are there."""

import msgspec

from analytics.alert_links import CONSOLE_RANGE, FINDINGS_BOARD, HEALTH_BOARD, ROUTE_BOARD, Links
from console.web.boards import RANGES
from dashboards.boards import BOARDS
from tests.analytics.receiving import ALERT, OVER

EVERYWHERE = Links("https://wiki/runbooks", "http://console:8090", "http://grafana:3000")
BARE = msgspec.structs.replace(ALERT, labels={"alertname": "flood", "tenant": "default"})
CONDITION = msgspec.structs.replace(BARE, findings=(), name="loop-paused")


def test_an_alert_leads_to_runbook_board_finding_and_recommendation() -> None:
    told = EVERYWHERE.of(msgspec.structs.replace(ALERT, starts_at=1_000.0), "r1")
    assert told.runbook == "https://wiki/runbooks/flood.md"
    assert told.dashboard == (
        "http://grafana:3000/d/tidegate-route?var-tenant=default&from=100000&to=now&var-route=shop"
    )
    assert told.page == "http://console:8090/findings/a"
    assert told.recommendation == "http://console:8090/recommendations/r1"


def test_a_resolved_alert_leads_to_its_time() -> None:
    assert "&from=-800000&to=500000&" in EVERYWHERE.of(OVER, "").dashboard


def test_without_grafana_the_consoles_boards_are_shown() -> None:
    links = Links(console_url="http://c")
    assert links.of(ALERT, "").dashboard == "http://c/boards/route?range=1+h&route=shop"
    assert links.of(BARE, "").dashboard == "http://c/boards/findings?range=1+h"
    assert links.of(CONDITION, "").dashboard == "http://c/boards/health?range=1+h"


def test_what_is_not_there_is_not_linked_to() -> None:
    told = Links().of(ALERT, "r1")
    assert (told.dashboard, told.page, told.recommendation) == ("", "", "")
    assert told.runbook == "docs/runbooks/flood.md"
    assert EVERYWHERE.of(CONDITION, "").page == ""


def test_the_boards_and_the_range_are_there() -> None:
    assert {ROUTE_BOARD, FINDINGS_BOARD, HEALTH_BOARD} <= {board.uid for board in BOARDS}
    assert CONSOLE_RANGE in RANGES
