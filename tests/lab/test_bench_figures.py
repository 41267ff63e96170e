"""Figures and their aims."""

from lab.bench.figures import Figure, figures_of_speed
from lab.bench.peers import ADAPTER, ENVOY, NATIVE, NATIVE_VARIED, NGINX, NGINX_VARIED, PLAIN
from lab.bench.throughput import CONNECTIONS, Row


def test_a_figure_tells_whether_it_meets_its_aim() -> None:
    assert Figure("rate", 2, 1.8, "x", at_least=True).line() == "rate: 2.00 x (aim >= 1.8) met"
    assert Figure("cost", 7, 6, "µs", at_least=False).line() == "cost: 7.00 µs (aim <= 6) MISSED"
    assert Figure("cost", 6, 6, "µs", at_least=False).is_met


def test_every_promise_of_speed_is_measured() -> None:
    costs = {NATIVE: 50.0, ADAPTER: 100.0, NGINX: 25.0, ENVOY: 100.0, PLAIN: 2500.0}
    costs |= {NATIVE_VARIED: 50.0, NGINX_VARIED: 25.0}
    rows = [Row(name, n, 0, cost, 0) for name, cost in costs.items() for n in CONNECTIONS]
    assert [figure.value for figure in figures_of_speed(rows)] == [2.0, 0.5, 0.5, 50.0, 1.0]
    assert all(figure.is_met for figure in figures_of_speed(rows))


def test_the_aims_are_the_designs_also_where_they_are_missed() -> None:
    costs = dict.fromkeys((NATIVE, ADAPTER, NGINX, ENVOY, PLAIN, NATIVE_VARIED, NGINX_VARIED), 1.0)
    rows = [Row(name, n, 0, cost, 0) for name, cost in costs.items() for n in CONNECTIONS]
    assert [figure.aim for figure in figures_of_speed(rows)] == [1.8, 0.4, 0.4, 50.0, 0.8]
