"""Every peer's files say where it listens and where its upstream is."""

from pathlib import Path

import pytest

from kernel.check import read_policy
from lab.bench.peers import API_KEY, DECOYS, PEERS, Peer, Ports, policy

PORTS = Ports(listen=18_001, upstream=18_002, warehouse="http://127.0.0.1:18003")


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peers_command_and_files_name_both_ports(peer: Peer, tmp_path: Path) -> None:
    command = peer.prepare(tmp_path / "peer", PORTS)
    told = " ".join([*command, *(path.read_text() for path in tmp_path.rglob("*.*"))])
    assert str(PORTS.listen) in told
    assert str(PORTS.upstream) in told


def test_the_measured_policy_is_whole_and_knows_the_key(tmp_path: Path) -> None:
    text = Path(policy(tmp_path, PORTS)).read_text()
    reading = read_policy(text, "policy.yaml", 0.0)
    assert not reading.problems
    assert reading.policy is not None
    assert len(reading.policy.routes) == DECOYS + 1
    assert API_KEY not in text
