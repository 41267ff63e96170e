"""Where policies come from: a file, a control endpoint, the disk."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import httpx2
import msgspec
import pytest

from kernel.compile import revision_of
from kernel.control import Following
from proxy.holder import SnapshotHolder
from proxy.last_good import LastGood
from proxy.sources import Compiled, ControlSource, FileSource, Intake
from tests.proxy.around import BROKEN, KEY, POLICY, SetClock, intake_at, overlay

CHANGED = POLICY + "# changed\n"
Answer = Callable[[httpx2.Request], httpx2.Response]


def test_every_problem_of_a_broken_policy_is_told(tmp_path: Path) -> None:
    compiled = intake_at(tmp_path).compile(BROKEN, "policy.yaml", 0.0)
    assert compiled.snapshot is None
    assert all(problem.startswith("policy.yaml:") for problem in compiled.problems)


async def test_a_file_is_taken_and_kept_on_disk(tmp_path: Path) -> None:
    (path := tmp_path / "policy.yaml").write_text(POLICY)
    source = FileSource(path, intake_at(tmp_path))
    assert await source.look() == ()
    assert source.intake.holder.snapshot.revision == revision_of(POLICY)
    assert source.intake.last_good.text() == POLICY


async def test_a_broken_file_is_refused_and_the_old_one_stays(tmp_path: Path) -> None:
    (path := tmp_path / "policy.yaml").write_text(POLICY)
    source = FileSource(path, intake_at(tmp_path))
    await source.look()
    path.write_text(BROKEN)
    problems = await source.look()
    holder = source.intake.holder
    assert problems
    assert holder.snapshot.revision == revision_of(POLICY)
    assert holder.refused is not None
    assert holder.refused.problems == problems
    assert source.intake.last_good.text() == POLICY


async def test_a_file_that_did_not_change_is_not_taken_again(tmp_path: Path) -> None:
    (path := tmp_path / "policy.yaml").write_text(POLICY)
    source = FileSource(path, intake_at(tmp_path))
    await source.look()
    await source.look()
    os.utime(path, (1, 1))
    await source.look()
    assert source.intake.holder.applied == 1
    source.reload()
    await source.look()
    assert source.intake.holder.applied == 2


async def test_a_file_that_goes_missing_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (path := tmp_path / "policy.yaml").write_text(POLICY)
    source = FileSource(path, intake_at(tmp_path))
    await source.look()
    path.unlink()
    with caplog.at_level(logging.ERROR):
        first, second = await source.look(), await source.look()
    assert first == second
    assert "cannot read the policy" in first[0]
    assert sum("refused" in record.getMessage() for record in caplog.records) == 1
    path.write_text(POLICY)
    assert await source.look() == ()


async def test_a_policy_of_another_tenant_needs_a_restart(tmp_path: Path) -> None:
    intake = intake_at(tmp_path)
    await intake.take(POLICY, "policy.yaml", source="file")
    problems = await intake.take("tenant: other\n" + POLICY, "policy.yaml", source="file")
    assert "restart" in problems[0]


async def test_limits_are_split_among_workers(tmp_path: Path) -> None:
    intake = intake_at(tmp_path, workers=5)
    await intake.take(POLICY, "policy.yaml", source="file")
    assert intake.holder.snapshot.routes[0].limits[0].quota == (2.0, 1)
    assert intake.holder.snapshot.revision == revision_of(POLICY)


def following(tmp_path: Path, answer: Answer) -> ControlSource:
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer), base_url="http://control")
    return ControlSource(client, "default", intake_at(tmp_path))


def told(text: str, overlays_version: int = 0) -> bytes:
    overlays = (overlay(),) if overlays_version else ()
    return msgspec.json.encode(Following("default", revision_of(text), text, overlays_version, overlays))


async def test_a_control_endpoint_is_asked_for_what_is_not_known_yet(tmp_path: Path) -> None:
    asked: list[dict[str, str]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(dict(request.url.params))
        return httpx2.Response(200, content=told(POLICY, overlays_version=3))

    source = following(tmp_path, answer)
    assert await source.poll()
    assert await source.poll()
    assert [each["revision"] for each in asked] == ["", revision_of(POLICY)]
    assert [each["overlays"] for each in asked] == ["0", "3"]
    holder = source.intake.holder
    assert holder.applied == 1
    assert holder.snapshot.routes[0].limits[0].personal["ip:10.0.0.1"].overlay == "o1"


async def test_the_endpoint_is_told_what_is_in_force_beside_what_was_refused(tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []
    answers = [told(POLICY), told(BROKEN), told(BROKEN)]

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.url.params["revision"], request.url.params["runs"]))
        return httpx2.Response(200, content=answers[len(asked) - 1])

    source = following(tmp_path, answer)
    for _ in answers:
        await source.poll()
    good = revision_of(POLICY)
    assert asked == [("", ""), (good, good), (revision_of(BROKEN), good)]


async def test_a_policy_that_is_refused_is_not_asked_for_again(tmp_path: Path) -> None:
    source = following(tmp_path, lambda request: httpx2.Response(200, content=told(BROKEN)))
    await source.poll()
    await source.poll()
    assert source.revision == revision_of(BROKEN)
    assert source.intake.holder.refusals == 1
    assert not source.intake.holder.has_policy


@pytest.mark.parametrize(
    "answer",
    [httpx2.Response(401), httpx2.Response(200, content=b"<html>"), httpx2.Response(500)],
    ids=["unauthorised", "no JSON", "failed"],
)
async def test_an_endpoint_without_a_usable_answer_is_away(
    tmp_path: Path, answer: httpx2.Response, caplog: pytest.LogCaptureFixture
) -> None:
    source = following(tmp_path, lambda request: answer)
    with caplog.at_level(logging.WARNING):
        assert not await source.poll()
        assert not await source.poll()
    assert len(caplog.records) == 1
    assert "waiting for a policy" in caplog.records[0].getMessage()


async def test_the_last_good_policy_is_what_a_start_without_control_uses(tmp_path: Path) -> None:
    before = intake_at(tmp_path)
    await before.take(CHANGED, "policy.yaml", source="control")
    after = intake_at(tmp_path)
    assert await after.take_last_good()
    assert after.holder.snapshot.revision == revision_of(CHANGED)
    (tmp_path / "none").mkdir()
    assert not await intake_at(tmp_path / "none").take_last_good()


async def test_a_policy_that_meets_a_bug_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Buggy(Intake):
        def compile(self, text: str, file: str, now: float) -> Compiled:
            raise ZeroDivisionError

    intake = Buggy(SnapshotHolder(KEY), LastGood(tmp_path), SetClock())
    (problem,) = await intake.take(POLICY, "policy.yaml", source="file")
    assert "ZeroDivisionError" in problem
    assert intake.holder.refusals == 1
    assert not intake.holder.has_policy


async def test_a_key_that_control_revokes_is_refused_also_after_a_restart_without_it(tmp_path: Path) -> None:
    text = POLICY + f"consumers: [{{name: a, keys: [{{sha256: {'ab' * 32}}}]}}]\n"
    news = Following("default", revision_of(text), text, 2, (), ("ab" * 32,))
    source = following(tmp_path, lambda request: httpx2.Response(200, content=msgspec.json.encode(news)))
    assert await source.poll()
    assert source.intake.holder.snapshot.credentials == {}
    restarted = intake_at(tmp_path)
    assert await restarted.take_last_good()
    assert restarted.holder.snapshot.credentials == {}
