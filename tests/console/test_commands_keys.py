"""`tidegate keys create`."""

import hashlib
import json
from pathlib import Path

import pytest

from console.commands.keys import app, make_key
from console.policy_file import read_policy_file
from tests.console.policies import ADAPTIVE
from tests.console.running import ran


def test_a_key_has_128_random_bits_and_the_policy_gets_its_sha256() -> None:
    made = make_key("acme", bytes(range(16)))
    assert made.key == "tg_AAECAwQFBgcICQoLDA0ODw"
    assert made.sha256 == hashlib.sha256(made.key.encode()).hexdigest()
    assert made.policy_lines() == f'- name: "acme"\n  keys: [{{sha256: {made.sha256}}}]'


def test_two_keys_differ() -> None:
    keys = {json.loads(ran(app, "create", "acme", "--json").out)["key"] for _ in range(2)}
    assert len(keys) == 2


@pytest.mark.parametrize("name", ["acme", "mobile app", "a: b", "off", "12", "x #1", "a}"])
def test_the_lines_fit_into_a_policy(tmp_path: Path, name: str) -> None:
    lines = ran(app, "create", name).out.splitlines()[1:]
    path = tmp_path / "policy.yaml"
    path.write_text(
        ADAPTIVE.replace("  - name: partner\n", "  - name: partner\n  " + "\n  ".join(lines) + "\n")
    )
    reading = read_policy_file(path, 1_000.0)
    assert reading.policy is not None, reading.problems
    assert [consumer.name for consumer in reading.policy.consumers] == ["partner", name]


@pytest.mark.parametrize("name", ["", " a", "a ", ".a", "é", 'a"b', "a\\b", "x\n- y", "a\n", "a" * 101])
def test_a_name_that_no_policy_can_have_is_refused(name: str) -> None:
    done = ran(app, "create", name)
    assert done.code == 2
    assert "is no name a policy can have" in done.complaint
