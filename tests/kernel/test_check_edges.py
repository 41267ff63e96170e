"""Upstream URLs, keys, trusted proxies, the allow list, header names."""

import hashlib

import pytest

from tests.kernel.policies import DIGEST_A, DIGEST_B, ROUTES, problems, told


def url(text: str) -> list[str]:
    return [each.what for each in problems(f"upstreams: [{{name: shop, url: '{text}'}}]\n{ROUTES}")]


@pytest.mark.parametrize(
    "text",
    ["http://shop", "http://shop:9000", "http://127.0.0.1:1/", "http://[::1]:80/a/b", "http://my_shop/v1/"],
)
def test_an_upstream_is_a_host_a_port_and_a_prefix(text: str) -> None:
    assert url(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shop:9000",
        "ftp://shop",
        "http://",
        "http://:80",
        "http://shop:0",
        "http://shop:99999",
        "http://shop:x",
        "http://[::1",
        "http://[::g]",
        "http://a b",
        "http://shop/?q",
        "http://shop/#f",
        "http://shop/a//b",
        "http://shop/../b",
        "http://shop/a b",
        "unix:/run/shop.sock",
    ],
)
def test_what_cannot_be_connected_to_is_refused(text: str) -> None:
    assert len(url(text)) == 1


def test_an_upstream_over_tls_is_said_to_come_later() -> None:
    assert url("https://shop") == ["upstreams over TLS come in a later version"]


def test_a_password_in_a_url_is_refused_and_not_shown() -> None:
    (what,) = url("http://root:hunter2@shop")
    assert "hunter2" not in what


def key(digest: str) -> list[str]:
    return told(f"consumers: [{{name: c, keys: [{{sha256: '{digest}'}}]}}]")


def test_a_key_is_64_hex_digits_and_anything_else_may_be_the_key_itself() -> None:
    assert key(DIGEST_A) == key(DIGEST_A.upper()) == []
    for clear in ("tg_0123456789", DIGEST_A[:-1], DIGEST_A + "0", "g" * 64, ""):
        (found,) = key(clear)
        assert "may be the key in clear text" in found
        assert not clear or clear not in found


def test_the_digest_of_an_empty_key_is_refused() -> None:
    assert "empty key" in key(hashlib.sha256(b"").hexdigest())[0]


def test_a_key_belongs_to_one_consumer() -> None:
    found = told(
        f"consumers: [{{name: a, keys: [{{sha256: {DIGEST_A}}}, {{sha256: {DIGEST_B}}}]}},"
        f" {{name: b, keys: [{{sha256: {DIGEST_B.upper()}}}]}}]"
    )
    assert found == ["consumers[1].keys[0].sha256: this key is also consumers[0].keys[1].sha256 (line 3)"]


def test_an_expired_key_is_a_warning() -> None:
    found = told(
        f"consumers: [{{name: c, keys: [{{sha256: {DIGEST_A}, expires_at: 2020-01-01T00:00:00Z}}]}}]"
    )
    assert found == ["consumers[0].keys[0].expires_at: this key has expired and is refused"]


@pytest.mark.parametrize(
    "network",
    ["10.0.0.0/8", "127.0.0.1", "'::1'", "'fc00::/7'", "192.168.0.0/16", "104.16.0.0/13", "100.64.0.0/10"],
)
def test_a_fleet_of_proxies_may_be_trusted(network: str) -> None:
    assert told(f"trusted_proxies: [{network}]") == []


@pytest.mark.parametrize(
    "network", ["0.0.0.0/0", "'::/0'", "'::ffff:0:0/96'", "128.0.0.0/1", "'2000::/3'", "11.0.0.0/7"]
)
def test_trusting_everybody_is_refused_because_identities_would_mean_nothing(network: str) -> None:
    (found,) = told(f"trusted_proxies: [{network}]")
    assert "X-Forwarded-For says nothing" in found


def test_trusting_everybody_piece_by_piece_is_refused_too() -> None:
    pieces = ", ".join(f"{first}.0.0.0/8" for first in range(20, 60))
    assert told(f"trusted_proxies: [{pieces}]") == [
        "trusted_proxies: together these networks are more than 1/16 of all IPv4 addresses"
    ]
    assert "is not a network" in told("trusted_proxies: [proxy.internal]")[0]


def test_the_allow_list_holds_identities_and_networks() -> None:
    consumers = f"consumers: [{{name: acme, keys: [{{sha256: {DIGEST_A}}}]}}]\n"
    right = "allow_list: ['consumer:acme', 'ip:192.0.2.1', 'ip:2001:db8::/64', 192.0.2.0/24, '2001:db8::1']"
    assert told(consumers + right) == []
    found = told(consumers + "allow_list: ['consumer:acne', 'ip:nobody', somebody, '']")
    assert [each.partition(":")[0] for each in found] == [f"allow_list[{index}]" for index in range(4)]


@pytest.mark.parametrize("name", ["Host", "transfer-encoding", "X Key", "'X-Key:'", "''"])
def test_the_keys_header_is_a_field_of_its_own(name: str) -> None:
    assert len(told(f"api_key_header: {name}")) == 1
    assert told("api_key_header: Authorization") == []


def test_deadlines_are_positive_and_those_that_are_never_reached_are_told() -> None:
    assert "out of range" in told("timeouts: {connect_ms: 0}")[0]
    assert "out of range" in told("timeouts: {idle_ms: -5}")[0]
    assert told("timeouts: {total_ms: 10000, first_byte_ms: 20000, idle_ms: 5}") == [
        "timeouts.first_byte_ms: never reached: total_ms is 10000"
    ]


def test_a_policy_without_upstreams_is_refused() -> None:
    found = problems("upstreams: []\nroutes: []\n")
    assert [each.field for each in found] == ["upstreams", "routes"]
