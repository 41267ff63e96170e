"""lab.stage: the parts of the demo, and who gets the replay's clock."""

import os
from pathlib import Path

from console.keyring import Keyring
from console.supervisor import Part
from lab.stage import CLOCKED, Hook, Staging, clocked, staged

KEYRING = Keyring("a" * 32, "b" * 32, "c" * 32)


def test_the_policy_is_written_with_the_upstreams_address(tmp_path: Path) -> None:
    staging = Staging(
        data=tmp_path / "data", policy=lambda url: f"upstream {url}", keyring=KEYRING, upstream=("lab.echo",)
    )
    supervisor = staged(staging, dict(os.environ), lambda part, line: None)
    assert supervisor.urls == {}
    written = (tmp_path / "data" / "policy.yaml").read_text()
    assert written.startswith("upstream http://127.0.0.1:")
    assert not written.endswith(":0")


def test_who_is_told_of_alerts_is_written_with_the_secret_in_a_private_file(tmp_path: Path) -> None:
    staging = Staging(
        data=tmp_path,
        policy=lambda url: url,
        keyring=KEYRING,
        upstream=("lab.shop",),
        hook=Hook("http://127.0.0.1:9/alerts", "5ecret"),
    )
    staged(staging, dict(os.environ), lambda part, line: None)
    secret = tmp_path / "alerts.secret"
    assert secret.read_text() == "5ecret"
    assert secret.stat().st_mode & 0o777 == 0o600
    written = (tmp_path / "alerts.yaml").read_text()
    assert "http://127.0.0.1:9/alerts" in written
    assert str(secret) in written
    assert "5ecret" not in written


def test_a_shared_clock_is_given_to_those_who_have_one() -> None:
    parts = [Part(name=name, arguments=("-m", name)) for name in (*CLOCKED, "warehouse")]
    told = {part.name: clocked(part, "1:2:3").arguments[2:] for part in parts}
    assert told == {**dict.fromkeys(CLOCKED, ("--clock", "1:2:3")), "warehouse": ()}


def test_without_a_shared_clock_nothing_is_said_of_one() -> None:
    part = Part(name="proxy", arguments=("-m", "proxy.main"))
    assert clocked(part, "") == part
