"""Who automation leaves alone."""

from kernel.allow_list import AllowList


def test_an_allow_list_takes_identities_names_and_networks() -> None:
    listed = AllowList(["consumer:a", "b", "2001:db8::/32", "192.0.2.1"])
    assert all(each in listed for each in ("consumer:a", "consumer:b", "ip:2001:db8:1::/64", "ip:192.0.2.1"))
    assert all(each not in listed for each in ("consumer:c", "ip:192.0.2.2", "ip:2001:db9::/64", ""))


def test_the_allow_list_knows_consumers_and_networks() -> None:
    allowed = AllowList(["partner", "ip:192.0.2.1", "2001:db8::/32"])
    assert "consumer:partner" in allowed
    assert "ip:192.0.2.1" in allowed
    assert "ip:2001:db8:1::/64" in allowed
    assert "ip:198.51.100.1" not in allowed
