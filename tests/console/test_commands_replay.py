"""`tidegate replay`, against a real control endpoint; analytics' part is played by the test."""

import json
import threading
from pathlib import Path

import msgspec
import pytest

from console.asking import Asker
from console.commands.replay import app, wait
from kernel.control import ClaimJob, PutJob
from kernel.replays import Job, ReplayRequest
from tests.console.policies import ADAPTIVE
from tests.console.running import ran
from tests.console.serving import TOKEN, Served
from tests.console.test_review import REPORT

PATIENCE = 200


def work(control: Served, ending: PutJob) -> None:
    """Claim the next job and end it."""
    for _ in range(PATIENCE):
        body = msgspec.json.encode(ClaimJob("default", ending.holder))
        answer = control.call.post("/v1/jobs/claim", content=body)
        if answer.status_code == 200:
            control.call.put(f"/v1/jobs/{answer.json()['id']}", content=msgspec.json.encode(ending))
            return
        threading.Event().wait(0.05)


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        (PutJob("a", "done", 1.0, REPORT), 0),
        (PutJob("a", "failed", 0.5, None, "the warehouse is away"), 2),
    ],
)
def test_a_replay_is_asked_for_and_told(control: Served, tmp_path: Path, ending: PutJob, code: int) -> None:
    file = tmp_path / "candidate.yaml"
    file.write_text(ADAPTIVE)
    worker = threading.Thread(target=work, args=(control, ending))
    worker.start()
    done = ran(app, str(file), "--control", control.url, environment={"TIDEGATE_CONTROL_TOKEN": TOKEN})
    worker.join()
    assert done.code == code
    told = done.out if code == 0 else done.complaint
    assert ("0 of 299 legitimate identities" if code == 0 else "the warehouse is away") in told


def test_an_interrupt_cancels_it(control: Served) -> None:
    asker = Asker("control", control.url, TOKEN)
    asked = asker.post("/v1/jobs", ReplayRequest(ADAPTIVE, 1.0, 2.0), Job)

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wait(asker, asked, interrupt)
    assert asker.get(f"/v1/jobs/{asked.id}", Job).state == "cancelled"


def test_a_stretch_that_is_none_is_told(tmp_path: Path) -> None:
    done = ran(app, str(tmp_path), "--since", "1m", "--until", "1h")
    assert done.code == 2
    assert json.dumps("1m").strip('"') in done.complaint
