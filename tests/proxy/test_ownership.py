"""What a process owns: directories and addresses, and what is told when another owns them."""

import os
import socket
from pathlib import Path

import pytest

from proxy.ownership import OwnedDirectory, bind, endpoint_of
from proxy.settings import Endpoint, Unusable


def test_a_directory_has_one_owner_at_a_time(tmp_path: Path) -> None:
    first = OwnedDirectory(tmp_path / "data")
    with pytest.raises(Unusable, match=f"in use by process {os.getpid()}"):
        OwnedDirectory(tmp_path / "data")
    first.release()
    OwnedDirectory(tmp_path / "data").release()


def test_a_directory_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unusable, match="--data"):
        OwnedDirectory(tmp_path / "file" / "data")


def test_a_taken_port_is_told_with_the_option_that_names_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Unusable, match=f"--listen: cannot listen on 127.0.0.1:{port}"):
            bind(Endpoint("127.0.0.1", port), "--listen")


def test_port_zero_is_any_free_port() -> None:
    with bind(Endpoint("127.0.0.1", 0), "--listen") as bound:
        assert endpoint_of(bound).port > 0


def test_workers_share_a_port() -> None:
    with bind(Endpoint("127.0.0.1", 0), "--listen", shared=True) as first:
        first.listen()
        with bind(endpoint_of(first), "--listen", shared=True) as second:
            second.listen()
            assert endpoint_of(second) == endpoint_of(first)


def test_an_unknown_host_is_told() -> None:
    with pytest.raises(Unusable, match="no address"):
        bind(Endpoint("no-such-host.invalid", 0), "--manage")
