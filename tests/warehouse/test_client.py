"""The warehouse's URL."""

import pytest
from clickhouse_connect.driver.exceptions import OperationalError

from warehouse.client import Address, Link, WrongUrl, connect, parse_url


def test_a_url_holds_user_password_host_port_and_database() -> None:
    assert parse_url("http://me:p%40ss@warehouse:9000/other") == Address(
        "http", "warehouse", 9000, "me", "p@ss", "other"
    )


def test_a_short_url_has_the_defaults() -> None:
    assert parse_url("http://127.0.0.1") == Address("http", "127.0.0.1", 8123, "default", "", "tidegate")
    assert parse_url("https://[::1]/").port == 8443


@pytest.mark.parametrize("url", ["", "none", "127.0.0.1:8123", "http://", "tcp://x:9000", "http://x:port"])
def test_a_wrong_url_is_told(url: str) -> None:
    with pytest.raises(WrongUrl):
        parse_url(url)


def test_a_client_speaks_to_the_database_of_its_url(warehouse_url: str) -> None:
    client = connect(warehouse_url + "/tidegate")
    assert client.command("SELECT currentDatabase()") == "tidegate"
    client.close()


def test_no_warehouse_is_an_operational_error() -> None:
    with pytest.raises(OperationalError):
        connect("http://127.0.0.1:1")


def test_a_link_connects_when_it_is_first_asked_and_once(warehouse_url: str) -> None:
    absent = Link("http://127.0.0.1:1", timeout_s=1)
    with pytest.raises(OperationalError):
        absent()
    absent.close()
    link = Link(warehouse_url, timeout_s=5)
    assert link() is link()
    link.close()
