"""Edits the lists of rules in a policy's YAML text and leaves everything else, comments included, as it is.

Text that an edit cannot be sure about (an alias in the wrong place) is left alone: Unclear is raised.
Positions are characters from the start of the text.
"""

import re
from collections.abc import Mapping

import msgspec

from kernel.syntax import MappingNode, Node, ScalarNode, SequenceNode, compose

# Words, rates, networks of IPv4 and times: YAML 1.2 reads them as the text that they are.
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*|[0-9.]+/[0-9a-z]+|[0-9-]{10}T[0-9:]{8}Z")
WORDS = frozenset({"true", "false", "null"})
STEP = "  "
BLANK = " \t\r\n"  # YAML's white space; str.strip() would take a no-break space, which is text
# Characters that YAML refuses as they are, or breaks a line at.
UNPRINTABLE = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")

Entry = str | int | float | tuple[str, ...]
Entries = Mapping[str, "Entry | Entries"]


class Unclear(Exception):
    """The text cannot be edited here; the message says why."""


class Edit(msgspec.Struct, frozen=True):
    """Put `text` in the place of [start, end)."""

    start: int
    end: int
    text: str

    def of(self, whole: str) -> str:
        """The edited text."""
        return whole[: self.start] + self.text + whole[self.end :]


def add_rule(text: str, section: str, rule: Entries, *, first: bool = False) -> str:
    """A rule more in `limits` or `access`, as the last one or the first."""
    root = root_of(text)
    listed = value_of(root, section)
    if listed is None or not isinstance(listed, SequenceNode) or not listed.value:
        return add_section(without_section(text, root, section), section, rule)
    if listed.flow_style:
        at, form = (start_of(listed.value[0]), "{}, ") if first else (end_of(text, listed), ", {}")
        return Edit(at, at, form.format(to_flow(rule))).of(text)
    dash = dash_of(text, listed.value[0])
    indent = " " * (dash - line_start(text, dash))
    item = to_item(rule, indent)
    if first:
        at = line_start(text, dash)
        return Edit(at, at, item + "\n").of(text)
    at = line_end(text, end_of(text, listed))
    return Edit(at, at, "\n" + item).of(text)


def add_section(text: str, section: str, rule: Entries) -> str:
    """A section with one rule, at the end of the document."""
    root = root_of(text)
    if root.flow_style:
        at = end_of(text, root)
        return Edit(at, at, f", {section}: [{to_flow(rule)}]").of(text)
    indent = " " * root.start_mark.column
    at = line_end(text, end_of(text, root))
    return Edit(at, at, f"\n{indent}{section}:\n{to_item(rule, indent + STEP)}").of(text)


def set_fields(text: str, name: str, fields: Mapping[str, Entry]) -> str:
    """Other values for some fields of a rule that is there."""
    for field, value in fields.items():
        rule = rule_of(root_of(text), name)[1]
        text = set_field(text, rule, field, to_scalar(value)).of(text)
    return text


def set_field(text: str, rule: MappingNode, field: str, value: str) -> Edit:
    """One field of a rule: its value replaced, or the field added as the last one."""
    for key, old in rule.value:
        if key.value == field:
            check_place(key, old)
            return Edit(old.start_mark.index, end_of(text, old), value)
    at = end_of(text, rule)
    if rule.flow_style:
        return Edit(at, at, f", {field}: {value}")
    at = line_end(text, at)
    return Edit(at, at, f"\n{' ' * rule.start_mark.column}{field}: {value}")


def remove_rule(text: str, name: str) -> str:
    """The text without a rule; a section that would be empty goes with it."""
    root = root_of(text)
    section, rule = rule_of(root, name)
    listed = value_of(root, section)
    if not isinstance(listed, SequenceNode) or len(listed.value) == 1:
        return without_section(text, root, section)
    place = next(at for at, each in enumerate(listed.value) if each is rule)
    if listed.flow_style:
        after = place == 0
        start = start_of(rule) if after else whole_end(listed.value[place - 1])
        end = start_of(listed.value[1]) if after else whole_end(rule)
        return Edit(start, end, "").of(text)
    start = line_start(text, dash_of(text, rule))
    return Edit(start, min(line_end(text, end_of(text, rule)) + 1, len(text)), "").of(text)


def without_section(text: str, root: MappingNode, section: str) -> str:
    """The text without a top-level field, where it has it."""
    pairs = [(key, value) for key, value in root.value if key.value == section]
    if not pairs:
        return text
    key, value = pairs[0]
    check_place(key, value)
    if root.flow_style or len(root.value) == 1:
        raise Unclear(f"{section} stands in a mapping in braces")
    is_block = value.value and not (isinstance(value, SequenceNode | MappingNode) and value.flow_style)
    end = end_of(text, value) if is_block else whole_end(value)
    start = line_start(text, key.start_mark.index)
    return Edit(start, min(line_end(text, max(end, key.end_mark.index)) + 1, len(text)), "").of(text)


def rule_of(root: MappingNode, name: str) -> tuple[str, MappingNode]:
    """A rule by its name, and the section that holds it."""
    for section in ("limits", "access"):
        listed = value_of(root, section)
        for rule in listed.value if isinstance(listed, SequenceNode) else ():
            named = value_of(rule, "name") if isinstance(rule, MappingNode) else None
            if named is not None and named.value == name:
                return section, rule
    raise Unclear(f"there is no rule {name!r}")


def root_of(text: str) -> MappingNode:
    """The document."""
    root = compose(text, "policy")
    if not isinstance(root, MappingNode):
        raise Unclear("the policy is no mapping")
    return root


def value_of(node: MappingNode, field: str) -> Node | None:
    """The value of a field."""
    return next((value for key, value in node.value if key.value == field), None)


def check_place(key: Node, value: Node) -> None:
    """An alias is its anchor's node, which stands elsewhere."""
    if value.start_mark.index < key.end_mark.index:
        raise Unclear(f"line {key.start_mark.line + 1}: {key.value} is an alias")


def start_of(node: Node) -> int:
    """Where a node begins."""
    return int(node.start_mark.index)


def whole_end(node: Node) -> int:
    """Where a node in brackets or braces ends, them included."""
    return int(node.end_mark.index)


def end_of(text: str, node: Node) -> int:
    """Where the last value within a node ends: more can be added there. An alias among them is Unclear."""
    if isinstance(node, ScalarNode) or not node.value:
        return max(start_of(node), len(text[: whole_end(node)].rstrip(BLANK)))
    if isinstance(node, SequenceNode):
        last = node.value[-1]
        if start_of(last) < start_of(node):
            raise Unclear(f"line {node.start_mark.line + 1}: the last item is an alias")
    else:
        key, last = node.value[-1]
        check_place(key, last)
    if isinstance(last, ScalarNode) or not last.flow_style:
        return end_of(text, last)
    return whole_end(last)


def dash_of(text: str, item: Node) -> int:
    """Where the dash of a block sequence's item stands."""
    dash = text.rfind("-", 0, start_of(item))
    if dash < 0 or text[dash + 1 : start_of(item)].strip(BLANK):
        raise Unclear(f"line {item.start_mark.line + 1}: the item's dash cannot be told")
    return dash


def line_start(text: str, at: int) -> int:
    """Where the line of a position begins."""
    return text.rfind("\n", 0, at) + 1


def line_end(text: str, at: int) -> int:
    """Where the line of a position ends, its line feed left out."""
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def to_scalar(value: Entry | Entries) -> str:
    """A value on one line; text is quoted where YAML would read something else."""
    if isinstance(value, Mapping):
        return to_flow(value)
    if isinstance(value, tuple):
        return f"[{', '.join(to_scalar(each) for each in value)}]"
    if isinstance(value, str) and (not PLAIN.fullmatch(value) or value.lower() in WORDS):
        return UNPRINTABLE.sub(to_escape, msgspec.json.encode(value).decode())
    return str(value)


def to_escape(found: re.Match[str]) -> str:
    """A character as YAML's double quotes escape it."""
    return f"\\u{ord(found[0]):04X}"


def to_flow(rule: Entries) -> str:
    """A rule in braces."""
    return "{" + ", ".join(f"{field}: {to_scalar(value)}" for field, value in rule.items()) + "}"


def to_item(rule: Entries, indent: str) -> str:
    """A rule as an item of a block sequence, a field on each line."""
    lines = [f"{field}: {to_scalar(value)}" for field, value in rule.items()]
    return f"{indent}- " + f"\n{indent}{STEP}".join(lines)
