"""PyYAML nodes -> policy, walked by the msgspec types: every problem at once, each with its place.

A value that is wrong is reported and replaced by a stand-in, so that the walk goes on and
`kernel.check` can judge the rest; whoever sees an error does not use the policy.
"""

import datetime as dt
import re
from typing import Any

from msgspec import inspect
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kernel.policy import RATE_FORM, RATE_SECONDS, Key, Policy
from kernel.problems import GaveUp, Mark, Problem, Report, closest, quoted
from kernel.syntax import compose

MOST_STEPS = 200_000  # nodes walked, an alias each time anew; 10,000 consumers with a key take 60,000
MOST_DIGITS = 32  # a float of 64 bits takes 24 with its exponent
RATE = re.compile(RATE_FORM)
INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"(?:\.[0-9]{1,6})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
# Line ends, NUL and their like would end a header's field; no value of a policy needs them.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
NEVER_SHOWN = ".sha256"  # somebody may have written the key itself
KIND_NAMES = {
    "bool": "a boolean",
    "int": "an integer",
    "float": "a number",
    "null": "nothing",
    "text": "text",
    "tagged": "a value with a tag (`!…`), which a policy cannot have",
}


class Invalid:
    """Stands for a value that was reported."""


INVALID = Invalid()


def read_document(text: str, report: Report) -> Policy | None:
    """The policy in a text, with stand-ins where `report` has errors; None where it is no mapping."""
    root = compose(text, report.file)
    if isinstance(root, Problem):
        report.add(root)
        return None
    if root is None or (isinstance(root, ScalarNode) and root.tag == "null"):
        report.error("", "the document is empty", "Begin with docs/examples/ten-lines.yaml.")
        return None
    value = Walk(report).value(root, inspect.type_info(Policy), "")
    return value if isinstance(value, Policy) else None


class Walk:
    """Turns nodes into values of a type; what does not fit goes to the report."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.steps = 0

    def value(self, node: Node, kind: inspect.Type, path: str) -> Any:
        """A node as a value of `kind`, or INVALID."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise GaveUp(f"its aliases unfold to more than {MOST_STEPS} values")
        self.report.marks.setdefault(path, mark_of(node))
        if isinstance(kind, inspect.UnionType):
            if is_null(node) and any(isinstance(each, inspect.NoneType) for each in kind.types):
                return None
            kind = member_for(kind, node)
        if isinstance(kind, inspect.StructType):
            return self.struct(node, kind, path)
        if isinstance(kind, inspect.VarTupleType):
            return self.sequence(node, kind, path)
        if not isinstance(node, ScalarNode) or node.tag in ("null", "tagged"):
            return self.refuse(path, f"expected {expected(kind)}, found {found(node)}", "")
        return self.scalar(node, kind, path)

    def refuse(self, path: str, what: str, todo: str) -> Invalid:
        """Report an error; the value is INVALID."""
        self.report.error(path, what, todo)
        return INVALID

    def struct(self, node: Node, kind: inspect.StructType, path: str) -> Any:
        """A mapping as a struct: unknown, repeated, missing and wrong fields are all told."""
        if not isinstance(node, MappingNode):
            todo = f"Its fields: {', '.join(field.encode_name for field in kind.fields)}."
            if kind.cls is Key:
                todo = "`tidegate keys create` makes a key and the lines for it."
            return self.refuse(path, f"expected a mapping, found {outline(node)}", todo)
        given = self.fields_of(node, [field.encode_name for field in kind.fields], path)
        values: dict[str, Any] = {}
        for field in kind.fields:
            name = field.encode_name
            here = join(path, name)
            value: Any = INVALID
            if name in given:
                value = self.value(given[name], field.type, here)
            elif field.required:
                self.report.error(here, "this field is missing", f"Add `{name}:`, {expected(field.type)}.")
            if value is not INVALID:
                values[name] = value
            elif field.required:
                values[name] = stand_in(field.type)
        return kind.cls(**values)

    def fields_of(self, node: MappingNode, known: list[str], path: str) -> dict[str, Node]:
        """The known fields of a mapping; a misspelt one is told and taken for what it means."""
        given: dict[str, Node] = {}
        written = {key.value for key, _ in node.value if isinstance(key, ScalarNode)}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self.report.error(join(path, "?"), "a key must be a name", "", mark_of(key))
            elif key.value in given:
                what = f"`{key.value}` is given twice"
                todo = f"Keep one of them; the first stands on line {mark_of(given[key.value]).line}."
                line, column = mark_of(key)
                self.report.add(
                    Problem("error", self.report.file, line, column, join(path, key.value), what, todo)
                )
            elif key.value in known:
                given[key.value] = value
            else:
                meant = closest(key.value, set(known) - written)
                self.unknown(key, known, meant, path)
                if meant is not None:
                    given.setdefault(meant, value)
        return given

    def unknown(self, key: ScalarNode, known: list[str], meant: str | None, path: str) -> None:
        """Report a field that there is not."""
        what = f"there is no field {quoted(key.value)}"
        todo = f"Did you mean `{meant}`?" if meant else f"Fields here: {', '.join(known)}."
        if key.value == "<<":
            todo = "Merge keys are no part of YAML 1.2: write the fields out."
        self.report.error(join(path, quoted(key.value)[1:-1]), what, todo, mark_of(key))

    def sequence(self, node: Node, kind: inspect.VarTupleType, path: str) -> Any:
        """A sequence as a tuple; an item that is wrong leaves a stand-in, so that indices hold."""
        if not isinstance(node, SequenceNode):
            todo = "Write one item per line, each after `- `."
            return self.refuse(path, f"expected a list, found {outline(node)}", todo)
        items = [
            self.value(item, kind.item_type, f"{path}[{index}]") for index, item in enumerate(node.value)
        ]
        return tuple(stand_in(kind.item_type) if item is INVALID else item for item in items)

    def scalar(self, node: ScalarNode, kind: inspect.Type, path: str) -> Any:
        """A scalar as text, a number, a rate, a time or one of some words."""
        match kind:
            case inspect.Metadata():  # of a rate, or of text that the schema lists values of
                return (
                    self.rate(node, kind.type, path) if is_rate(kind) else self.scalar(node, kind.type, path)
                )
            case inspect.LiteralType() if node.value not in kind.values or node.tag != "text":
                words = [str(value) for value in kind.values]
                meant = closest(node.value, words)
                todo = f"Did you mean `{meant}`?" if meant else f"Write one of: {', '.join(words)}."
                return self.refuse(path, f"{quoted(node.value)} is not possible here", todo)
            case inspect.LiteralType():
                return node.value
            case inspect.StrType():
                return self.text(node, path)
            case inspect.BoolType() if node.tag == "bool":
                return node.value.lower() == "true"
            case inspect.IntType() if node.tag == "int":
                return self.number(node, kind, path)
            case inspect.FloatType() if node.tag in ("int", "float"):
                return self.number(node, kind, path)
            case inspect.DateTimeType():
                return self.instant(node, path)
        todo = "A number has no leading zeros." if node.value.lstrip("+-").isdecimal() else ""
        return self.refuse(path, f"expected {expected(kind)}, found {found(node)}", todo)

    def text(self, node: ScalarNode, path: str) -> Any:
        """Text without control characters; numbers and booleans are no text unless quoted."""
        if node.tag != "text" and path.endswith(NEVER_SHOWN):
            return self.refuse(path, "expected text in quotes", "`tidegate keys create` makes the line.")
        if node.tag != "text":
            todo = f"Write it in quotes: {quoted(node.value)}."
            return self.refuse(path, f"expected text, found {found(node)}", todo)
        control = CONTROL.search(node.value)
        if control is not None:
            what = f"a line end or control character (U+{ord(control[0]):04X}) is not allowed in a value"
            return self.refuse(path, what, "Write it on one line; a folded text begins with `>-`.")
        return node.value

    def number(self, node: ScalarNode, kind: inspect.IntType | inspect.FloatType, path: str) -> Any:
        """A number within its bounds."""
        if len(node.value) > MOST_DIGITS:
            return self.refuse(path, f"{quoted(node.value)} has too many digits", "")
        value = (
            float(node.value) if isinstance(kind, inspect.FloatType) else int(node.value, base_of(node.value))
        )
        return self.bounded(value, kind, path)

    def bounded(self, value: float, kind: inspect.Type, path: str) -> Any:
        """A number, or INVALID where it is out of its bounds."""
        assert isinstance(kind, inspect.IntType | inspect.FloatType)
        if (
            (kind.gt is not None and value <= kind.gt)
            or (kind.ge is not None and value < kind.ge)
            or (kind.le is not None and value > kind.le)
        ):
            return self.refuse(path, f"{value:.15g} is out of range", f"It must be {bounds_of(kind)}.")
        return value

    def rate(self, node: ScalarNode, kind: inspect.Type, path: str) -> Any:
        """`600/min` as requests per second."""
        form = RATE.fullmatch(node.value)
        if form is None:
            todo = "Write a number and a unit: `10/s`, `600/min`, `1000/h`, `5000/d`."
            return self.refuse(path, f"{quoted(node.value)} is not a rate", todo)
        return self.bounded(float(form[1]) / RATE_SECONDS[form[2]], kind, path)

    def instant(self, node: ScalarNode, path: str) -> Any:
        """A time with its offset."""
        todo = "Write it as RFC 3339 does, with an offset: `2026-12-31T23:59:59Z`."
        if not INSTANT.fullmatch(node.value):
            return self.refuse(path, f"{quoted(node.value)} is not a time", todo)
        try:
            return dt.datetime.fromisoformat(node.value.upper())
        except ValueError as wrong:
            return self.refuse(path, f"{quoted(node.value)} is not a time: {wrong}", todo)


def join(path: str, name: str) -> str:
    """The path of a field."""
    return f"{path}.{name}" if path else name


def mark_of(node: Node) -> Mark:
    """Where a node begins."""
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)


def is_null(node: Node) -> bool:
    """Whether a node is YAML's null, written or left out."""
    return isinstance(node, ScalarNode) and node.tag == "null"


def is_rate(kind: inspect.Metadata) -> bool:
    """Whether an annotated type is a rate."""
    return isinstance(kind.type, inspect.FloatType)


def base_of(digits: str) -> int:
    """The base that a YAML 1.2 integer is written in."""
    return {"0o": 8, "0x": 16}.get(digits[:2], 10)


def member_for(kind: inspect.UnionType, node: Node) -> inspect.Type:
    """The member of a union that a node is meant as: a mapping for a struct, else the other one."""
    members = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
    structs = [each for each in members if isinstance(each, inspect.StructType)]
    if structs and (isinstance(node, MappingNode) or len(structs) == len(members)):
        return structs[0]
    return next(each for each in members if not isinstance(each, inspect.StructType))


def stand_in(kind: inspect.Type) -> Any:
    """A value of a type, for a field whose own was wrong: `kernel.check` does not judge it."""
    match kind:
        case inspect.StructType():
            return kind.cls(
                **{field.encode_name: stand_in(field.type) for field in kind.fields if field.required}
            )
        case inspect.VarTupleType():
            return ()
        case inspect.LiteralType():
            return kind.values[0]
        case inspect.StrType():
            return ""
        case inspect.UnionType():
            return stand_in(kind.types[0])
        case inspect.Metadata():
            return stand_in(kind.type)
        case _:
            return 1


def outline(node: Node) -> str:
    """A node in words, without its text, which may be a secret in the wrong place."""
    if isinstance(node, MappingNode):
        return "a mapping"
    return "a list" if isinstance(node, SequenceNode) else KIND_NAMES[node.tag]


def found(node: Node) -> str:
    """A node in words, with its text."""
    shown = isinstance(node, ScalarNode) and node.tag not in ("null", "tagged")
    return f"{outline(node)} {quoted(node.value)}" if shown else outline(node)


def expected(kind: inspect.Type) -> str:
    """A type in words."""
    match kind:
        case inspect.StructType():
            return "a mapping"
        case inspect.VarTupleType():
            return "a list"
        case inspect.LiteralType():
            return f"one of: {', '.join(str(value) for value in kind.values)}"
        case inspect.StrType():
            return "text"
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType() | inspect.FloatType():
            name = "an integer" if isinstance(kind, inspect.IntType) else "a number"
            return f"{name} {bounds_of(kind)}".rstrip()
        case inspect.Metadata():
            return "a rate such as `10/s`" if is_rate(kind) else expected(kind.type)
        case inspect.DateTimeType():
            return "a time such as `2026-12-31T23:59:59Z`"
        case inspect.UnionType():
            return " or ".join(
                expected(each) for each in kind.types if not isinstance(each, inspect.NoneType)
            )
    raise TypeError(f"a policy cannot have the type {kind}")


def bounds_of(kind: inspect.IntType | inspect.FloatType) -> str:
    """A number's bounds in words."""
    low = (
        f"above {kind.gt:.15g}"
        if kind.gt is not None
        else f"at least {kind.ge:.15g}"
        if kind.ge is not None
        else ""
    )
    high = f"at most {kind.le:.15g}" if kind.le is not None else ""
    return " and ".join(part for part in (low, high) if part)
