"""Medians and ratios."""

import pytest

from lab.bench.load import Measured
from lab.bench.throughput import Row, ratio, to_row


def test_a_row_holds_the_medians_of_its_rounds() -> None:
    rounds = [Measured(10, rate, cpu, p99, 0) for rate, cpu, p99 in ((1, 30, 5), (9, 10, 1), (2, 20, 3))]
    assert to_row("ours", 32, rounds) == Row("ours", 32, 2, 20, 3)


def test_a_ratio_is_the_worse_of_the_connection_counts() -> None:
    costs = {("ours", 32): 10.0, ("ours", 128): 20.0, ("theirs", 32): 20.0, ("theirs", 128): 10.0}
    rows = [Row(name, connections, 0, cost, 0) for (name, connections), cost in costs.items()]
    assert ratio(rows, "ours", "theirs") == pytest.approx(0.5)
