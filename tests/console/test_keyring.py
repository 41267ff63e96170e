"""The keyring: made once, kept, private."""

import itertools
from pathlib import Path

import pytest

from console.keyring import Keyring, UnreadableKeyring, keyring_of, read_keyring, write_private


def counting(size: int) -> bytes:
    return bytes(range(size))


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    made = keyring_of(tmp_path / "data", counting)
    assert len(made.hash_key) == 32
    assert keyring_of(tmp_path / "data", lambda size: b"x" * size) == made


def test_one_of_an_older_version_gets_what_it_lacks_and_keeps_the_rest(tmp_path: Path) -> None:
    (tmp_path / "keyring.json").write_text('{"control_token":"c","manage_token":"m","hash_key":"h"}')
    made = keyring_of(tmp_path, counting)
    new = counting(16).hex()
    assert made == Keyring("c", "m", "h", new, new, new)
    assert read_keyring(tmp_path) == made


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    keyring_of(tmp_path, counting)
    assert (tmp_path / "keyring.json").stat().st_mode & 0o777 == 0o600


def test_there_may_be_none(tmp_path: Path) -> None:
    assert read_keyring(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"control_token":1}'])
def test_a_broken_one_is_told_and_never_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "keyring.json").write_bytes(content)
    with pytest.raises(UnreadableKeyring, match=r"keyring\.json"):
        keyring_of(tmp_path, counting)
    assert (tmp_path / "keyring.json").read_bytes() == content


def test_each_process_gets_its_own_by_environment(tmp_path: Path) -> None:
    numbers = itertools.count()
    made = keyring_of(tmp_path, lambda size: next(numbers).to_bytes(size))
    assert made.to_proxy() == {
        "TIDEGATE_CONTROL_TOKEN": made.proxy_token,
        "TIDEGATE_MANAGE_TOKEN": made.manage_token,
        "TIDEGATE_HASH_KEY": made.hash_key,
    }
    assert made.to_analytics() == {
        "TIDEGATE_CONTROL_TOKEN": made.analytics_token,
        "TIDEGATE_HASH_KEY": made.hash_key,
    }
    assert set(made.to_console().values()) == {made.control_token, made.proxy_token, made.analytics_token}


def test_a_private_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_private(path, b"one")
    write_private(path, b"two")
    assert path.read_bytes() == b"two"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
