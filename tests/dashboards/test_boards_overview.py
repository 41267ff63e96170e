"""The seeded truth, as the overview shows it."""

import pytest

from dashboards.asking import to_series
from dashboards.boards.overview import BOARD
from tests.dashboards.conftest import Asking
from tests.dashboards.seeded import FAILED, LOGIN, ORDERS, REFUSED, SLOW_US, TENANT


def test_the_counts_and_shares_are_the_seeded_ones(answer: Asking) -> None:
    assert answer(BOARD, "requests").values == ((ORDERS + LOGIN,),)
    assert answer(BOARD, "errors").values[0][0] == pytest.approx(FAILED / (ORDERS + LOGIN))
    assert answer(BOARD, "refused").values[0][0] == pytest.approx(REFUSED / (ORDERS + LOGIN))
    assert answer(BOARD, "requests", "login").values == ((LOGIN,),)
    assert answer(BOARD, "open-findings").values == ((1,),)
    assert answer(BOARD, "open-recommendations").values == ((1,),)


def test_the_rates_add_up_to_every_request(answer: Asking) -> None:
    lines = to_series(answer(BOARD, "rate"))
    totals = {
        name: sum(value or 0 for value in line) for name, line in zip(lines.names, lines.values, strict=True)
    }
    assert totals == {
        "success": ORDERS + LOGIN - REFUSED - FAILED,
        "refused_by_gateway": REFUSED,
        "client_errors": 0,
        "server_errors": FAILED,
        "not_routed": 0,
    }


def test_the_slow_route_has_its_latency_within_the_histograms_error(answer: Asking) -> None:
    assert answer(BOARD, "p99", "login").values[0][0] == pytest.approx(SLOW_US / 1000, rel=0.045)
    assert answer(BOARD, "p99", "orders").values[0][0] == pytest.approx(1.5, rel=0.045)


def test_the_heatmap_holds_every_request_in_its_row(answer: Asking) -> None:
    lines = to_series(answer(BOARD, "latency-heatmap"))
    totals = {
        name: sum(value or 0 for value in line) for name, line in zip(lines.names, lines.values, strict=True)
    }
    assert {name: total for name, total in totals.items() if total} == {"2": ORDERS, "66": LOGIN}


def test_the_time_is_split_between_upstream_and_gateway(answer: Asking) -> None:
    found = answer(BOARD, "gateway-against-upstream", "orders")
    assert set(found.of("upstream")) == {1.2}
    assert {round(float(value or 0), 6) for value in found.of("gateway_and_client")} == {0.3}


def test_routes_and_clients_are_the_busiest_first(answer: Asking) -> None:
    routes = answer(BOARD, "routes")
    assert routes.of("route") == ("orders", "login")
    assert routes.of("request_count") == (ORDERS, LOGIN)
    assert routes.of("refused_count") == (REFUSED, 0)
    clients = answer(BOARD, "clients")
    assert clients.of("identity") == ("ip:10.0.0.1", "consumer:shop")
    assert clients.of("share") == (round(ORDERS / 660, 4), round(LOGIN / 660, 4))


def test_decisions_tell_the_reason(answer: Asking) -> None:
    lines = to_series(answer(BOARD, "decisions"))
    assert set(lines.names) == {"allowed", "refused: limit"}
    refused = lines.values[lines.names.index("refused: limit")]
    assert sum(value or 0 for value in refused) == REFUSED


def test_the_open_finding_is_listed_with_its_id_for_the_link(answer: Asking) -> None:
    assert answer(BOARD, "findings").of("id") == (f"{TENANT}-0",)
