"""The whole check: golden policies, and what follows from what."""

from pathlib import Path

import pytest

from kernel.check import read_policy
from tests.kernel.policies import NOW, ROUTES, UPSTREAMS, problems

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.yaml"))
DIRECTORY = Path(__file__).parents[2] / "docs" / "examples"
EXAMPLES = sorted(set(DIRECTORY.glob("*.yaml")) - {DIRECTORY / "alerts.yaml"})


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_golden_policy_has_exactly_the_problems_written_beside_it(path: Path) -> None:
    reading = read_policy(path.read_text(), path.name, NOW)
    told = "".join(f"{problem.text()}\n" for problem in reading.problems)
    assert told == path.with_suffix(".txt").read_text()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_of_the_docs_has_no_problem(path: Path) -> None:
    reading = read_policy(path.read_text(), path.name, NOW)
    assert reading.problems == ()
    assert reading.policy is not None


def test_the_smallest_example_has_ten_lines() -> None:
    assert sum(path.read_text().count("\n") == 10 for path in EXAMPLES) == 1


def test_there_is_a_policy_iff_there_is_no_error() -> None:
    warned = read_policy(UPSTREAMS + ROUTES + "consumers: [{name: c}]", "p", NOW)
    assert [each.severity for each in warned.problems] == ["warning"]
    assert warned.policy is not None
    refused = read_policy(UPSTREAMS + ROUTES + "tenant: ''", "p", NOW)
    assert refused.policy is None


def test_problems_come_in_the_order_of_the_text() -> None:
    found = problems("limits: [3]\nroutes: [4]\nupstreams: [5]\n")
    assert [each.line for each in found] == sorted(each.line for each in found)


def test_a_document_with_too_many_problems_says_that_it_was_left() -> None:
    reading = read_policy("plans: [" + "1, " * 500 + "]\n" + UPSTREAMS + ROUTES, "p", NOW)
    assert reading.policy is None
    assert any("more than 200 problems" in each.what for each in reading.problems)


def test_the_same_text_gives_the_same_reading() -> None:
    text = UPSTREAMS + "routes: [{name: a, path: x, upstream: y}]"
    assert read_policy(text, "p", NOW) == read_policy(text, "p", NOW)
