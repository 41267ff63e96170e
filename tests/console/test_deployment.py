"""The parts of a whole gateway."""

from pathlib import Path

import msgspec

from console.deployment import Deployment, gateway_parts
from console.keyring import Keyring
from console.supervisor import Listen, Url

SECRETS = Keyring(
    control_token="control-secret",
    manage_token="manage-secret",
    hash_key="00" * 16,
    warehouse_password="warehouse-secret",
    proxy_token="proxy-secret",
    analytics_token="analytics-secret",
)
DEPLOYMENT = Deployment(policy=Path("/p.yaml"), data=Path("/d"), keyring=SECRETS, tenant="acme", workers=2)


def test_the_proxy_starts_last_and_so_stops_first() -> None:
    assert [part.name for part in gateway_parts(DEPLOYMENT)] == ["warehouse", "control", "analytics", "proxy"]


def test_secrets_go_by_environment_never_by_command_line() -> None:
    for part in gateway_parts(DEPLOYMENT):
        assert not any("secret" in str(argument) for argument in part.arguments)


def test_each_part_has_its_own_token_and_only_the_console_knows_the_others() -> None:
    _, control, analytics, proxy = gateway_parts(DEPLOYMENT)
    tokens = {"control-secret", "proxy-secret", "analytics-secret"}
    assert tokens <= set(control.environment.values())
    assert tokens & set(map(str, analytics.environment.values())) == {"analytics-secret"}
    assert tokens & set(map(str, proxy.environment.values())) == {"proxy-secret"}


def test_the_embedded_warehouse_asks_for_the_keyrings_password_and_who_needs_it_gets_it() -> None:
    warehouse, control, analytics, proxy = gateway_parts(DEPLOYMENT)
    assert warehouse.users == {"warehouse": "default:warehouse-secret"}
    for part in (warehouse, control, analytics, proxy):
        assert part.environment["TIDEGATE_WAREHOUSE"] == Url("warehouse")


def test_each_part_is_told_where_the_others_are() -> None:
    _, _, analytics, proxy = gateway_parts(DEPLOYMENT)
    assert Url("control") in analytics.arguments
    assert {Url("control"), Listen("proxy"), Listen("manage")} <= set(proxy.arguments)
    assert proxy.listens == {"proxy": "127.0.0.1:8080", "manage": "127.0.0.1:8081"}
    assert "acme" in proxy.arguments
    assert "acme" in analytics.arguments


def test_a_warehouse_elsewhere_is_not_started_and_its_password_stays_off_the_command_line() -> None:
    elsewhere = msgspec.structs.replace(DEPLOYMENT, warehouse_url="http://user:hidden@ch:8123")
    parts = gateway_parts(elsewhere)
    assert [part.name for part in parts] == ["control", "analytics", "proxy"]
    assert not any("hidden" in str(argument) for part in parts for argument in part.arguments)
    assert parts[-1].environment["TIDEGATE_WAREHOUSE"] == "http://user:hidden@ch:8123"


def test_analytics_is_told_whom_to_tell() -> None:
    told = msgspec.structs.replace(DEPLOYMENT, alerts=Path("/etc/alerts.yaml"))
    (analytics,) = (part for part in gateway_parts(told) if part.name == "analytics")
    assert analytics.arguments[-2:] == ("--alerts", "/etc/alerts.yaml")
