"""What is told where an extra is not installed."""

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from console.extras import EXTRA_OF, EXTRAS, extras_of, is_there, require
from warehouse.exits import CannotRun

ROOT = Path(__file__).parents[2]


def without(tmp_path: Path, *hidden: str) -> dict[str, str]:
    """An environment in which a process cannot import these modules."""
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({hidden!r}))\n")
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}


def tidegate(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "console.main", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT, env=environment
    )


def test_the_extras_are_those_of_the_distribution() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    owners = dict(packages_distributions()) | {
        "chdb": ["chdb"]
    }  # chdb's modules stand in chdb-core, which it needs
    for extra, modules in EXTRAS.items():
        names = {re.split(r"[>=<\[]", requirement)[0] for requirement in declared[extra]}
        assert {owners[module][0].replace("_", "-").lower() for module in modules} == names, extra
    assert set(EXTRA_OF.values()) == set(EXTRAS)


def test_nothing_is_said_where_everything_is_there() -> None:
    require(EXTRAS)
    assert not is_there("chdb_that_nobody_wrote")


def test_everything_that_is_missing_is_told_at_once() -> None:
    with pytest.raises(CannotRun) as told:
        require(("embedded", "proxy", "analytics"), lambda name: name not in {"chdb", "numpy"})
    assert str(told.value) == (
        "chdb, numpy are not installed, but needed here: pip install 'tidegate[embedded,analytics]'"
    )


def test_a_part_is_known_by_the_module_that_is_run() -> None:
    parts = [("-m", "warehouse.main", "--listen"), ("-c", "warehouse.main"), ("-m", "lab.shop"), ()]
    assert extras_of(parts) == ["embedded"]


@pytest.mark.parametrize("command", ["warehouse", "up", "demo"])
def test_a_command_without_the_embedded_engine_says_so_in_one_line(command: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        'upstreams: [{name: u, url: "http://127.0.0.1:1"}]\nroutes: [{name: all, path: /*, upstream: u}]\n'
    )
    ports = ("--listen", "--manage", "--control", "--warehouse-listen")
    free = [word for option in ports for word in (option, "127.0.0.1:0")]
    options = ["--policy", str(policy), "--data", str(tmp_path / "data"), *free] if command == "up" else []
    done = tidegate(without(tmp_path, "chdb"), command, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "tidegate: chdb is not installed, but needed here: pip install 'tidegate[embedded]'\n"
    )


def test_an_import_into_a_warehouse_of_its_own_needs_the_engine_too(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text('1.2.3.4 - - [10/Oct/2020:13:55:36 +0000] "GET / HTTP/1.0" 200 5\n')
    done = tidegate(without(tmp_path, "chdb"), "import-log", str(log), "--data", str(tmp_path / "data"))
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("pip install 'tidegate[embedded]'")
    assert "Traceback" not in done.stderr


def test_commands_that_need_no_extra_run_without_any(tmp_path: Path) -> None:
    everything = {module for modules in EXTRAS.values() for module in modules}
    done = tidegate(without(tmp_path, *everything), "keys", "create", "shop")
    assert done.returncode == 0, done.stderr
    told = tidegate(without(tmp_path, *everything), "status")
    assert (told.returncode, "pip install 'tidegate[console]'" in told.stderr) == (2, True)
