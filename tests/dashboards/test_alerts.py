"""Grafana's alert rules: the file, and when they fire."""

import yaml
from clickhouse_connect.driver.client import Client

from dashboards.alerts import DATASOURCE_UID, RULES, to_yaml
from dashboards.asking import ask_sql
from dashboards.building import HERE
from dashboards.expansion import TimeRange, expand_back_end
from tests.dashboards.seeded import DROPPED, FAILED, LOGIN, ORDERS, REFUSED, TENANT


def number(client: Client, uid: str, span: TimeRange) -> float:
    """The seeded tenant's greatest number."""
    rule = next(rule for rule in RULES if rule.uid == uid)
    found = ask_sql(client, expand_back_end(rule.sql, span))
    pairs = zip(found.of("tenant"), found.values[-1], strict=True)
    return max(float(value or 0) for tenant, value in pairs if tenant == TENANT)


def test_the_file_asks_the_data_source_that_is_provisioned() -> None:
    source = yaml.safe_load((HERE / "provisioning/datasources/tidegate.yaml").read_text())["datasources"][0]
    assert source["uid"] == DATASOURCE_UID
    rules = yaml.safe_load(to_yaml(RULES))["groups"][0]["rules"]
    assert {rule["data"][0]["datasourceUid"] for rule in rules} == {DATASOURCE_UID}
    assert all(rule["condition"] == rule["data"][-1]["refId"] for rule in rules)


def test_secrets_are_left_to_the_environment() -> None:
    source = yaml.safe_load((HERE / "provisioning/datasources/tidegate.yaml").read_text())["datasources"][0]
    assert source["secureJsonData"] == {"password": "$TIDEGATE_WAREHOUSE_PASSWORD"}


def test_losses_silence_and_lag_are_the_seeded_ones(client: Client, span: TimeRange) -> None:
    assert number(client, "tidegate-telemetry-lost", span) == DROPPED
    assert number(client, "tidegate-worker-silent", span) == 10
    assert number(client, "tidegate-analytics-behind", span) == 5


def test_the_burn_is_the_smaller_of_both_windows(client: Client, span: TimeRange) -> None:
    whole = FAILED / (ORDERS + LOGIN - REFUSED) / 0.001
    assert 0 < number(client, "tidegate-errors-burn-fast", span) <= whole
