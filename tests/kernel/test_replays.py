import msgspec

from kernel.replays import Disagreement, Job, ReplayRequest


def test_disagreement_is_a_share_of_what_was_compared() -> None:
    assert Disagreement(compared=200, differing=3).share == 0.015
    assert Disagreement(compared=0, differing=0).share == 0.0


def test_a_job_survives_json() -> None:
    job = Job("1", "default", ReplayRequest("routes: []", 1.0, 2.0), "ana", "queued", 0.0, 3.0, 3.0)
    assert msgspec.json.decode(msgspec.json.encode(job), type=Job) == job
