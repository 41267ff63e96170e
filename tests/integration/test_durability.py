"""A console that is killed in the middle of writes loses none that it acknowledged."""

import itertools
import threading
from pathlib import Path

import httpx2
import pytest

from tests.console.policies import ADAPTIVE
from tests.integration.consoles import OPERATOR, Console, console
from tests.integration.proxies import DEADLINE_S, eventually

KILLS = 3
WRITES = 15  # acknowledged before each kill


class Writer:
    """Writes markers one after another, in a thread, until the console is gone."""

    def __init__(self, url: str, numbers: "itertools.count[int]") -> None:
        self.url = url
        self.numbers = numbers
        self.acknowledged: list[str] = []
        self.thread = threading.Thread(target=self.write, daemon=True)
        self.thread.start()

    def write(self) -> None:
        headers = {"Authorization": f"Bearer {OPERATOR}"}
        with httpx2.Client(headers=headers, timeout=DEADLINE_S, trust_env=False) as client:
            for number in self.numbers:
                text = f"write {number}"
                try:
                    answer = client.post(self.url + "/v1/markers", json={"text": text})
                except httpx2.HTTPError:
                    return
                if answer.status_code == 200:
                    self.acknowledged.append(text)


def killed_while_writing(control: Console, numbers: "itertools.count[int]") -> list[str]:
    """What was acknowledged before the kill."""
    writer = Writer(control.url, numbers)
    eventually(lambda: len(writer.acknowledged) >= WRITES, "some writes")
    control.kill()
    writer.thread.join(DEADLINE_S)
    return writer.acknowledged


@pytest.mark.slow
def test_no_acknowledged_write_is_lost_by_a_kill(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(ADAPTIVE)
    numbers, acknowledged = itertools.count(), []
    with console(policy, tmp_path) as control:
        for _ in range(KILLS):
            acknowledged += killed_while_writing(control, numbers)
            control.start()
        kept = {each["text"] for each in control.ask("GET", "/v1/markers")}
        audited = {each["detail"] for each in control.ask("GET", "/v1/audit")}
    assert len(acknowledged) >= KILLS * WRITES
    assert set(acknowledged) <= kept
    assert kept <= audited
