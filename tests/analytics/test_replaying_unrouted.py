"""Replays of requests that no route takes: access rules for every route judge them, too."""

import pytest
from clickhouse_connect.driver.client import Client

from analytics.comparison import Situation
from kernel.replays import Split
from tests.analytics.replays import GREEDY, SINCE, judged_rows, snapshot_of, steady, store
from tests.analytics.test_replaying import BASE, GREEDY_LABEL, PEERS, STRICT, crowd, replayed
from tests.warehouse.event_rows import row

DENIAL = '{name: denial, MODE action: deny, networks: ["10.0.0.99/32"]}'


def test_a_scanner_of_paths_that_no_route_takes_is_seen(warehouse_client: Client, tenant: str) -> None:
    """It asks for nothing that there is, but for three orders; others mistype now and then."""
    asked = [
        *crowd(),
        *steady(GREEDY, every_s=0.5, until_s=60, route=""),
        *steady(PEERS[0], every_s=20, until_s=60, route=""),
        *steady("ip:10.0.7.7", every_s=20, until_s=60, route=""),  # asks for nothing else
    ]
    store(warehouse_client, tenant, judged_rows(tenant, BASE, asked))
    candidate = BASE + f"access: [{DENIAL.replace('MODE', '')}]\n"
    report = replayed(warehouse_client, tenant, candidate, situation=Situation(BASE, labels=GREEDY_LABEL))
    (rule,) = report.rules
    assert report.seen_attack == Split(600 + 120, 1)
    assert report.seen_legitimate == Split(3 * 120 + 17 * 12 + 6, 21)
    assert (rule.attack, rule.legitimate, rule.refused_then) == (Split(720, 1), Split(0, 0), 120)
    assert (report.newly_attack, report.unrouted_attack) == (Split(600, 1), Split(120, 1))
    assert (report.newly_legitimate, report.unrouted_legitimate) == (Split(0, 0), Split(0, 0))
    assert (report.bound.harmed, report.bound.n) == (0, 21)
    assert (report.disagreement.compared, report.disagreement.differing) == (len(asked), 0)
    limited = replayed(warehouse_client, tenant, STRICT, situation=Situation(BASE, labels=GREEDY_LABEL))
    assert limited.seen_attack == Split(600, 1)  # nothing judges the others


@pytest.mark.parametrize("mode", ["", "mode: shadow,", "mode: canary, canary: 0.5,"])
def test_a_denial_for_every_route_agrees_with_itself(
    warehouse_client: Client, tenant: str, mode: str
) -> None:
    text = BASE + f"access: [{DENIAL.replace('MODE', mode)}]\n"
    asked = [*steady(GREEDY, every_s=0.5, until_s=60, route=""), *steady(GREEDY, every_s=1, until_s=60)]
    store(warehouse_client, tenant, judged_rows(tenant, text, asked))
    report = replayed(warehouse_client, tenant, text, situation=Situation(text))
    assert (report.disagreement.compared, report.disagreement.differing) == (len(asked), 0)
    assert report.unrouted_legitimate == report.newly_legitimate == report.freed == Split(0, 0)
    free = replayed(warehouse_client, tenant, BASE, situation=Situation(BASE, then=text))
    assert (free.disagreement.compared, free.disagreement.differing) == (len(asked), 0)


def test_what_python_handlers_answered_is_refused_newly(warehouse_client: Client, tenant: str) -> None:
    known = {"route": "", "path": "", "revision": snapshot_of(BASE).revision, "outcome": "answered"}
    denied = {**known, "identity": GREEDY, "client_ip": "::ffff:10.0.0.99"}
    other = {**known, "identity": "ip:10.0.7.7", "client_ip": "::ffff:10.0.7.7"}
    one = row(tenant, 1, ended_at=SINCE + 5, **denied)
    two = row(tenant, 2, ended_at=SINCE + 5, **other)
    store(warehouse_client, tenant, [one, two])
    candidate = BASE + f"access: [{DENIAL.replace('MODE', '')}]\n"
    report = replayed(warehouse_client, tenant, candidate, situation=Situation(BASE))
    assert report.newly_legitimate == Split(1, 1)
    assert report.unrouted_legitimate == Split(0, 0)
    assert (report.disagreement.compared, report.disagreement.differing) == (2, 0)


def test_a_denial_harms_who_only_asks_for_what_is_not_there(warehouse_client: Client, tenant: str) -> None:
    asked = steady(GREEDY, every_s=0.5, until_s=60, route="")
    store(warehouse_client, tenant, judged_rows(tenant, BASE, asked))
    candidate = BASE + f"access: [{DENIAL.replace('MODE', '')}]\n"
    report = replayed(warehouse_client, tenant, candidate, situation=Situation(BASE))
    assert (report.newly_legitimate, report.unrouted_legitimate) == (Split(0, 0), Split(120, 1))
    assert (report.bound.harmed, report.bound.n) == (1, 1)
    assert {each.route for each in report.rules[0].examples} == {""}
