"""YAML 1.2 scalars, and bounds on the text."""

import pytest
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kernel.problems import Problem
from kernel.syntax import DEEPEST, LONGEST_TEXT, compose


def kind(scalar: str) -> str:
    node = compose(f"x: {scalar}", "p.yaml")
    assert isinstance(node, MappingNode)
    return str(node.value[0][1].tag)


@pytest.mark.parametrize("scalar", ["off", "on", "yes", "no", "y", "n", "Off", "NO"])
def test_words_that_yaml_1_1_took_for_booleans_are_text(scalar: str) -> None:
    assert kind(scalar) == "text"


@pytest.mark.parametrize(
    "scalar", ["1:30", "0123", "00", "1_000", "0b101", "+0x1F", "1e", "12e03x", "2026-12-01", ".inf"]
)
def test_what_only_looks_like_a_number_is_text(scalar: str) -> None:
    assert kind(scalar) == "text"


@pytest.mark.parametrize(
    ("scalar", "expected"),
    [
        ("true", "bool"),
        ("FALSE", "bool"),
        ("0", "int"),
        ("-12", "int"),
        ("0o17", "int"),
        ("0x1F", "int"),
        ("1.5", "float"),
        (".5", "float"),
        ("1e3", "float"),
        ("null", "null"),
        ("~", "null"),
        ("", "null"),
        ("'true'", "text"),
        ('"12"', "text"),
        ("!!int 12", "tagged"),
        ("!thing x", "tagged"),
    ],
)
def test_kinds_follow_yaml_1_2(scalar: str, expected: str) -> None:
    assert kind(scalar) == expected


def refused(text: str) -> Problem:
    problem = compose(text, "p.yaml")
    assert isinstance(problem, Problem)
    return problem


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: [1, 2\nb: 3", 2, 2),
        ("a:\n\t- x", 2, 1),
        ("a: *nowhere", 1, 4),
        ("a: 1\n---\nb: 2", 2, 1),
        ("ok: 1\nbad: \x07", 2, 6),
        ("a: 'never ends", 1, 15),
    ],
)
def test_a_text_that_is_no_yaml_is_told_with_its_place(text: str, line: int, column: int) -> None:
    problem = refused(text)
    assert (problem.line, problem.column) == (line, column)
    assert problem.file == "p.yaml"


def test_nesting_is_bounded() -> None:
    assert "too deeply" in refused("[" * 100_000).what
    assert isinstance(compose("[" * (DEEPEST - 1) + "]" * (DEEPEST - 1), "p.yaml"), SequenceNode)


def test_length_is_bounded() -> None:
    assert "longer" in refused("x" * (LONGEST_TEXT + 1)).what


def test_an_alias_is_its_anchor_and_may_hold_itself() -> None:
    node = compose("a: &x {k: v}\nb: *x", "p.yaml")
    assert isinstance(node, MappingNode)
    assert node.value[0][1] is node.value[1][1]
    ring: Node | Problem | None = compose("&r [*r]", "p.yaml")
    assert isinstance(ring, SequenceNode)
    assert ring.value[0] is ring


def test_an_empty_text_has_no_node() -> None:
    assert compose("", "p.yaml") is None
    assert compose("# only a comment\n", "p.yaml") is None
    assert isinstance(compose("just text", "p.yaml"), ScalarNode)
