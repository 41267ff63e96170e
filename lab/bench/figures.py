"""The figures that Tidegate promises, each with its aim."""

from collections.abc import Sequence
from typing import NamedTuple

from lab.bench.peers import ADAPTER, ENVOY, NATIVE, NATIVE_VARIED, NGINX, NGINX_VARIED, PLAIN
from lab.bench.throughput import Row, ratio


class Figure(NamedTuple):
    """What was measured beside its aim; `at_least` tells on which side of it is good."""

    name: str
    value: float
    aim: float
    unit: str
    at_least: bool

    @property
    def is_met(self) -> bool:
        """Whether the aim is met."""
        return self.value >= self.aim if self.at_least else self.value <= self.aim

    def line(self) -> str:
        """For people."""
        sign = ">=" if self.at_least else "<="
        verdict = "met" if self.is_met else "MISSED"
        return f"{self.name}: {self.value:,.2f} {self.unit} (aim {sign} {self.aim:,g}) {verdict}"


def figures_of_speed(rows: Sequence[Row]) -> list[Figure]:
    """Ratios of requests per CPU second, the worse of 32 and 128 connections."""
    aims = (
        (NATIVE, ENVOY, 1.8),
        (NATIVE, NGINX, 0.4),
        (NATIVE_VARIED, NGINX_VARIED, 0.4),
        (NATIVE, PLAIN, 50.0),
        (ADAPTER, ENVOY, 0.8),
    )
    return [
        Figure(f"{name} / {peer}", ratio(rows, name, peer), aim, "x", at_least=True)
        for name, peer, aim in aims
    ]
