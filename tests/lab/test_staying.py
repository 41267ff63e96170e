"""lab.staying: the scanner goes on beside ordinary traffic, and it is told when it is refused."""

import io
import itertools

from rich.console import Console

from lab.attacks import LURKING_RATE
from lab.narrator import Narrator, figures_of
from lab.record import ATTACK_LABEL, Sent
from lab.staying import Lurking, plan_of
from tests.lab.test_demo import scene


def test_what_follows_the_scenario_is_ordinary_traffic_and_the_scanner_in_order() -> None:
    one = scene()
    plan = list(itertools.takewhile(lambda planned: planned.at < 10.0, plan_of(one)))
    assert all(before.at <= after.at for before, after in itertools.pairwise(plan))
    scanner = [each for each in plan if each.who == one.scenario.attackers.scanner.number]
    assert 0 < len(scanner) < 3 * LURKING_RATE * 10
    assert len(plan) > 10 * len(scanner)


def second(*statuses: int) -> list[Sent]:
    return [Sent(1.0, "ip:s", ATTACK_LABEL, "", status, 1.0) for status in statuses]


def test_the_scanner_is_told_once_when_it_is_refused_and_once_when_it_is_not() -> None:
    out = io.StringIO()
    lurking = Lurking(Narrator(Console(file=out, width=100)))
    for statuses in ((404, 404), (404,), (403, 403), (), (403,), (404,)):
        lurking.look(figures_of(second(*statuses)))
    told = out.getvalue().splitlines()
    assert len(told) == 2
    assert "refused from now on" in told[0]
    assert "let through again" in told[1]
