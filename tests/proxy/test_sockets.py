"""Where workers' sockets are, and that none stay behind."""

import socket
from pathlib import Path

import pytest

from proxy.sockets import LONGEST_PATH, socket_directory


@pytest.fixture
def near(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def far(tmp_path: Path) -> Path:
    """A data directory whose path is too long for a socket."""
    path = tmp_path / ("d" * LONGEST_PATH)
    path.mkdir()
    return path


def listen(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def test_they_are_in_the_data_directory_where_its_path_is_short(near: Path) -> None:
    with socket_directory(near) as place:
        listen(place / "0.sock")
        assert place == near / "sockets"
        assert place.stat().st_mode & 0o777 == 0o700
    assert list(near.iterdir()) == []


def test_else_they_are_in_a_temporary_one(far: Path) -> None:
    with socket_directory(far) as place:
        listen(place / "0.sock")
        assert place.stat().st_mode & 0o777 == 0o700
    assert not place.exists()
    assert list(far.iterdir()) == []


@pytest.mark.parametrize("kind", ["near", "far"])
def test_what_a_killed_supervisor_left_is_removed_by_the_next(
    request: pytest.FixtureRequest, kind: str
) -> None:
    data: Path = request.getfixturevalue(kind)
    killed = socket_directory(data)
    left = killed.__enter__()
    listen(left / "0.sock")
    with socket_directory(data) as place:
        assert list(place.iterdir()) == []
        assert place == left or not left.exists()
    assert not place.exists()
    killed.__exit__(None, None, None)  # what is gone already is no trouble


def test_a_link_to_what_is_not_ours_costs_only_the_link(near: Path) -> None:
    theirs = near / "theirs"
    theirs.mkdir()
    (near / "sockets").symlink_to(theirs)
    with socket_directory(near):
        pass
    assert list(near.iterdir()) == [theirs]
