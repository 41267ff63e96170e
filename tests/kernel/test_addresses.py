"""Addresses, networks, and which hop of X-Forwarded-For is believed."""

import pytest

from kernel.addresses import Networks, client_of, identity_of_address, parse_address, parse_network
from tests.kernel.policies import known_address


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1:8080 ", "192.0.2.1"),
        ("[2001:DB8::1]:443", "2001:db8::1"),
        ("2001:db8:0:0::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_an_address_is_read_in_every_form_that_proxies_write(text: str, canonical: str) -> None:
    assert known_address(text).text == canonical


@pytest.mark.parametrize(
    "text", ["", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "::g", "192.0.2.1/24", "[::1"]
)
def test_what_is_no_address_is_none_or_parses_as_itself(text: str) -> None:
    parsed = parse_address(text)
    assert parsed is None or text == "[::1"


def test_an_ipv6_client_is_one_identity_with_its_whole_64() -> None:
    one, other = known_address("2001:db8:1:2::1"), known_address("2001:db8:1:2:ffff::9")
    assert identity_of_address(one) == identity_of_address(other) == "ip:2001:db8:1:2::/64"
    assert identity_of_address(known_address("192.0.2.1")) == "ip:192.0.2.1"


def test_networks_contain_what_lies_in_any_of_them_by_version() -> None:
    networks = Networks(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"])
    inside = ["10.255.0.1", "192.0.2.7", "2001:db8:ffff::1", "::ffff:10.0.0.1"]
    outside = ["11.0.0.1", "192.0.2.8", "2001:db9::1", "::a00:1"]
    assert all(known_address(text) in networks for text in inside)
    assert not any(known_address(text) in networks for text in outside)
    assert networks
    assert not Networks([])


def test_a_mapped_network_is_the_ipv4_network_it_maps() -> None:
    assert str(parse_network("::ffff:10.0.0.0/104")) == "10.0.0.0/8"
    assert known_address("10.1.2.3") in Networks(["::ffff:10.0.0.0/104"])


def test_what_is_no_network_is_refused_by_name() -> None:
    assert parse_network("10.0.0.0/33") is None
    with pytest.raises(ValueError, match="not a network"):
        Networks(["nonsense"])


TRUSTED = Networks(["10.0.0.0/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("192.0.2.9", "203.0.113.1", "192.0.2.9"),  # an untrusted peer is not believed at all
        ("10.0.0.1", "203.0.113.1", "203.0.113.1"),
        ("10.0.0.1", "203.0.113.1, 10.0.0.2", "203.0.113.1"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.1, 10.0.0.2", "203.0.113.1"),  # what the client made up
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.1, garbage, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
    ],
)
def test_the_client_is_the_first_hop_from_the_right_that_is_no_proxy(
    peer: str, forwarded_for: str, client: str
) -> None:
    assert client_of(known_address(peer), forwarded_for, TRUSTED).text == client
