"""The layout: which folders there are, which test belongs to which file, whose names are free."""

import ast
import importlib.metadata
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, ROOT, Source, sources

# The design's folders.
FOLDERS = {*PACKAGES, "tests", "docs"}
NO_TEST_OF_ITS_OWN = {
    "console/main.py": "the command line: tests/e2e/test_command_line.py",
    "lab/main.py": "the demo: tests/e2e/test_demo.py",
    "lab/bench/__main__.py": "the benchmarks themselves: make bench",
    "lab/bench/storage.py": "the benchmarks themselves: make bench",
}


def files_with_tests() -> list[Source]:
    return [source for source in sources() if not source.path.endswith("__init__.py")]


def test_the_top_level_holds_the_designs_folders_and_no_others() -> None:
    found = {
        path.name
        for path in ROOT.iterdir()
        if path.is_dir() and not path.name.startswith(".") and not path.name.endswith(".egg-info")
    }
    assert found - {"var", "build", "dist", "node_modules", "__pycache__"} == FOLDERS


@pytest.mark.parametrize("source", files_with_tests(), ids=lambda source: source.path)
def test_each_source_file_has_a_test_file_that_asserts_something(source: Source) -> None:
    if source.path in NO_TEST_OF_ITS_OWN:
        return
    package, _, name = source.path.partition("/")
    mirror = ROOT / "tests" / package / ("test_" + name.replace("/", "_"))
    assert mirror.exists(), f"{source.path} has no {mirror.relative_to(ROOT)}"
    tree = ast.parse(mirror.read_text())
    claims = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
        or (isinstance(node, ast.Attribute) and node.attr in ("raises", "warns"))
    ]
    assert claims, f"{mirror.relative_to(ROOT)} asserts nothing"


def test_no_installed_distribution_owns_one_of_our_import_names() -> None:
    owners = importlib.metadata.packages_distributions()
    taken = {name: set(owners.get(name, [])) - {"tidegate"} for name in PACKAGES}
    assert not {name: who for name, who in taken.items() if who}


def test_pins_and_docs_name_no_package_index() -> None:
    suspects = [ROOT / "constraints.txt", ROOT / "pyproject.toml", ROOT / "Makefile", *ROOT.glob("*.md")]
    suspects += list((ROOT / "docs").rglob("*.md"))
    hosts = ("pypi" + ".org", "pythonhosted" + ".org", "registry.npmjs" + ".org", "deb.debian" + ".org")
    assert not [str(path) for path in suspects if any(host in path.read_text() for host in hosts)]


def test_every_adr_names_the_check_that_enforces_it() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert records
    for record in records:
        line = next((line for line in record.read_text().splitlines() if line.startswith("Enforced by:")), "")
        named = [word.strip("`,.") for word in line.split() if "/" in word]
        assert named, f"{record.name} names no check"
        assert all((ROOT / Path(name.partition("::")[0])).exists() for name in named), (
            f"{record.name}: {line}"
        )
