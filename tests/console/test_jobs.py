"""Jobs in the store."""

from console.jobs import MOST_DEATHS, Jobs
from kernel.replays import Job, ReplayRequest
from tests.console.stored import connection


def job(which: str, created_at: float = 1_000.0) -> Job:
    return Job(which, "default", ReplayRequest("", 0.0, 1.0), "ada", "queued", 0.0, created_at, created_at)


def test_the_oldest_is_claimed_first_and_once() -> None:
    jobs = Jobs(connection())
    jobs.put(job("b", 1_001.0))
    jobs.put(job("a"))
    claimed = jobs.claim("default", "w1", 1_005.0)
    assert claimed is not None
    assert (claimed.id, claimed.state, jobs.holder("default", "a")) == ("a", "running", "w1")
    other = jobs.claim("default", "w2", 1_005.0)
    assert other is not None
    assert other.id == "b"
    assert jobs.claim("default", "w3", 1_005.0) is None
    assert [each.id for each in jobs.listed("default")] == ["b", "a"]


def test_a_job_of_a_silent_worker_waits_again() -> None:
    jobs = Jobs(connection())
    jobs.put(job("a"))
    jobs.claim("default", "w1", 1_000.0)
    jobs.requeue_silent("default", 1_030.0)
    assert jobs.claim("default", "w2", 1_030.0) is None
    jobs.requeue_silent("default", 1_030.5)
    again = jobs.claim("default", "w2", 1_031.0)
    assert again is not None
    assert jobs.holder("default", "a") == "w2"


def test_forgetting_leaves_what_is_recent() -> None:
    jobs = Jobs(connection())
    jobs.put(job("a"))
    jobs.forget_old("default")
    assert jobs.find("default", "a") == job("a")
    assert jobs.find("other", "a") is None


def test_a_job_that_kills_its_workers_fails_and_is_given_to_no_more() -> None:
    jobs = Jobs(connection())
    jobs.put(job("a"))
    for death in range(MOST_DEATHS):
        assert jobs.claim("default", f"w{death}", 1_000.0 + 40 * death) is not None
        jobs.requeue_silent("default", 1_031.0 + 40 * death)
    assert jobs.claim("default", "w9", 2_000.0) is None
    (failed,) = jobs.listed("default")
    assert (failed.state, failed.deaths) == ("failed", 3)
    assert failed.failure.startswith("its worker died 3 times")
