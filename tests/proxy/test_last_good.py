"""The last good policy on disk."""

from pathlib import Path

from proxy.last_good import LastGood


def test_what_is_kept_is_read_back_whole(tmp_path: Path) -> None:
    last_good = LastGood(tmp_path)
    assert last_good.text() is None
    last_good.keep("first: 1\n")
    last_good.keep("zweite: ü\n")
    assert last_good.text() == "zweite: ü\n"
    assert [path.name for path in tmp_path.iterdir()] == [last_good.path.name]
    assert last_good.path.stat().st_mode & 0o777 == 0o600


def test_an_unreadable_file_is_as_good_as_none(tmp_path: Path) -> None:
    last_good = LastGood(tmp_path)
    last_good.path.write_bytes(b"\xff\xfe")
    assert last_good.text() is None


def test_revoked_keys_are_kept_and_a_damaged_line_is_passed_over(tmp_path: Path) -> None:
    last_good = LastGood(tmp_path)
    assert last_good.revoked() == frozenset()
    last_good.keep_revoked(frozenset({"ab" * 32}))
    assert last_good.revoked() == {"ab" * 32}
    last_good.revoked_path.write_text("ab" * 32 + "\nrubbish\n")
    assert last_good.revoked() == {"ab" * 32}
