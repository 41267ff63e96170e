"""Text -> PyYAML nodes, by the rules of YAML 1.2 and within bounds.

YAML 1.1, which PyYAML's own loaders speak, reads `off` as false, `1:30` as 90 and `0123` as 83.
Here `off` and `1:30` are text, and so is a number with leading zeros, whose meaning differs
between the two versions. Merge keys (`<<`) and tags are no part of the policy language.
An alias is the same node object as its anchor, so aliases cost nothing here; who walks the
nodes counts his steps.
"""

import re
from typing import Any, Literal

from yaml import MarkedYAMLError, YAMLError
from yaml.composer import Composer
from yaml.events import ScalarEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from kernel.problems import Problem

LONGEST_TEXT = 8 << 20  # characters; 2,000 consumers with keys take 250,000
DEEPEST = 32  # a policy needs 6 levels; each level of the composer takes 3 Python frames

BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
NULL = re.compile(r"(?:~|null|Null|NULL)?")

LINE_END = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")  # as PyYAML counts lines

Kind = Literal["text", "bool", "int", "float", "null", "tagged"]
PLAIN: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("null", NULL),
    ("bool", BOOL),
    ("int", INT),
    ("float", FLOAT),
)


class TooDeep(MarkedYAMLError):
    """The document nests deeper than a policy can."""


class PolicyNodes(Reader, Scanner, Parser, Composer, BaseResolver):
    """Composes nodes whose tag is one of `Kind`; unlike PyYAML's own, without YAML 1.1 types."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self.depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        """Compose one node, no deeper than DEEPEST."""
        if self.depth >= DEEPEST:
            raise TooDeep(problem="nested too deeply", problem_mark=self.upcoming().start_mark)
        self.depth += 1
        node = Composer.compose_node(self, parent, index)
        self.depth -= 1
        return node

    def upcoming(self) -> Any:
        """The next event, which the parser's stubs do not type."""
        return self.peek_event()  # type: ignore[no-untyped-call]  # untyped in types-PyYAML

    def compose_scalar_node(self, anchor: Any) -> ScalarNode:
        """Keep what kind of scalar it is in its tag."""
        event = self.upcoming()
        node = Composer.compose_scalar_node(self, anchor)
        node.tag = kind_of(event)
        return node


def kind_of(event: ScalarEvent) -> Kind:
    """The kind of a scalar: quoted ones are text, plain ones by YAML 1.2's core schema."""
    if event.tag not in (None, "!"):
        return "tagged"
    if not event.implicit[0]:
        return "text"
    return next((kind for kind, form in PLAIN if form.fullmatch(event.value)), "text")


def compose(text: str, file: str) -> Node | Problem | None:
    """The document's root node; the problem that stopped the parser; or None for an empty document."""
    if len(text) > LONGEST_TEXT:
        return Problem(
            "error", file, 1, 1, "", f"the document is longer than {LONGEST_TEXT} characters", "Split it."
        )
    try:
        nodes = PolicyNodes(text)
        return nodes.get_single_node()
    except ReaderError as unreadable:
        return to_unreadable(unreadable, text, file)
    except YAMLError as wrong:
        return to_problem(wrong, file)


def to_unreadable(wrong: ReaderError, text: str, file: str) -> Problem:
    """A character that YAML does not allow, by its place in the text."""
    before = LINE_END.split(text[: wrong.position])
    what = f"the character U+{ord(text[wrong.position]):04X} is not allowed in YAML"
    return Problem("error", file, len(before), len(before[-1]) + 1, "", what, "Delete it.")


def to_problem(wrong: YAMLError, file: str) -> Problem:
    """What PyYAML says, by its mark."""
    if not isinstance(wrong, MarkedYAMLError):
        return Problem("error", file, 1, 1, "", f"this is not YAML: {wrong}", "")
    mark = wrong.problem_mark or wrong.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    what = " ".join(part for part in (wrong.context, wrong.problem) if part)
    todo = "Check indentation, quotes and brackets here and on the line above."
    return Problem("error", file, line, column, "", f"this is not valid YAML: {what}", todo)


__all__ = ["Kind", "MappingNode", "Node", "PolicyNodes", "ScalarNode", "SequenceNode", "compose"]
