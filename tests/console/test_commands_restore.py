"""`tidegate restore`: a backup in the place of the store."""

import contextlib
import json
from pathlib import Path

from console.backup import back_up
from console.commands.restore import app
from console.deployment import CONTROL_DIRECTORY
from console.revisions import NewRevision
from console.store import LOCK_FILE, STORE_FILE, Store
from kernel.compile import revision_of
from tests.console.policies import ADAPTIVE, Clock
from tests.console.running import ran
from warehouse.ownership import claim


def store_of(tmp_path: Path) -> Path:
    directory = tmp_path / CONTROL_DIRECTORY
    directory.mkdir()
    return directory / STORE_FILE


def paused(path: Path, reason: str) -> Store:
    store = Store(path, Clock())
    store.set_loop("default", paused=True, reason=reason)
    return store


def test_a_backup_is_put_back_and_the_store_before_stays(tmp_path: Path) -> None:
    path = store_of(tmp_path)
    with contextlib.closing(paused(path, "before")) as store:
        back_up(store._connection, tmp_path / "copy.sqlite")
        store.set_loop("default", paused=True, reason="after")
    done = ran(app, str(tmp_path / "copy.sqlite"), "--data", str(tmp_path))
    assert done.code == 0, done.complaint
    with contextlib.closing(Store(path, Clock())) as store:
        assert store.loop("default").reason == "before"
    with contextlib.closing(Store(path.with_name(path.name + ".before"), Clock())) as store:
        assert store.loop("default").reason == "after"


def test_a_file_that_is_no_backup_leaves_the_store_alone(tmp_path: Path) -> None:
    path = store_of(tmp_path)
    paused(path, "mine").close()
    (tmp_path / "junk").write_text("junk" * 1000)
    assert ran(app, str(tmp_path / "junk"), "--data", str(tmp_path)).code == 2
    assert ran(app, str(tmp_path / "gone"), "--data", str(tmp_path)).code == 2
    with contextlib.closing(Store(path, Clock())) as store:
        assert store.loop("default").reason == "mine"


def test_json_tells_what_is_in_place_and_what_it_replaced(tmp_path: Path) -> None:
    path = store_of(tmp_path)
    with contextlib.closing(paused(path, "mine")) as store:
        back_up(store._connection, tmp_path / "copy.sqlite")
    arguments = (str(tmp_path / "copy.sqlite"), "--data", str(tmp_path), "--json")
    told = json.loads(ran(app, *arguments).out)
    assert told == {"path": str(path), "before": str(path) + ".before", "file_revision": ""}
    path.unlink()
    assert json.loads(ran(app, *arguments).out)["before"] is None


def test_a_policy_file_that_the_next_start_would_take_instead_is_told(tmp_path: Path, policy: Path) -> None:
    path = store_of(tmp_path)
    with contextlib.closing(Store(path, Clock())) as store:
        taken = NewRevision(revision_of(ADAPTIVE), ADAPTIVE, "file", "seeded", 0.0)
        store.revisions.add("default", taken)
        store.revisions.set_seed("default", taken.revision)
        back_up(store._connection, tmp_path / "copy.sqlite")

    def told(*more: str) -> str:
        return ran(app, str(tmp_path / "copy.sqlite"), "--data", str(tmp_path), *more).out

    assert f"if the policy file is still revision {taken.revision}" in told()
    assert f"goes on from it: {policy} is as it was taken" in told("--policy", str(policy))
    policy.write_text(ADAPTIVE + "# more\n")
    assert f"is not what this store took last (revision {taken.revision})" in told("--policy", str(policy))
    policy.write_text("routes: 1")
    assert "is no policy that can be loaded" in told("--policy", str(policy))


def test_a_running_gateway_is_told(tmp_path: Path) -> None:
    path = store_of(tmp_path)
    with contextlib.closing(claim(path.parent, LOCK_FILE)):
        done = ran(app, str(tmp_path / "copy.sqlite"), "--data", str(tmp_path))
    assert done.code == 2
    assert "in use by process" in done.complaint
