"""The policy's types and their reference page, field by field."""

import re
from pathlib import Path

import msgspec
import pytest
from msgspec import inspect

from kernel.document import expected
from kernel.policy import METHODS, Limit, Policy, Strict
from tests.kernel.policies import policy

PAGE = (Path(__file__).parents[2] / "docs" / "policy.md").read_text()
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)


def structs_within(kind: inspect.Type) -> dict[str, inspect.StructType]:
    """Every struct type that a type is made of, by name."""
    match kind:
        case inspect.StructType():
            inner = [structs_within(field.type) for field in kind.fields]
            return {kind.cls.__name__: kind} | {name: each for found in inner for name, each in found.items()}
        case inspect.VarTupleType():
            return structs_within(kind.item_type)
        case inspect.UnionType():
            return {name: each for member in kind.types for name, each in structs_within(member).items()}
    return {}


STRUCTS = structs_within(inspect.type_info(Policy))


def default_of(field: inspect.Field) -> str:
    """A field's default as the page writes it."""
    if field.required:
        return "required"
    if isinstance(field.default, Strict):
        return "its own"
    if field.default in (None, (), ""):
        return "none"
    text = str(field.default).lower() if isinstance(field.default, bool) else f"{field.default}"
    return f"`{text.removesuffix('.0')}`"


@pytest.mark.parametrize("name", STRUCTS)
def test_the_page_documents_each_field_with_its_value_and_default(name: str) -> None:
    section = PAGE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    documented = [(row[0], row[1], row[2]) for row in ROW.findall(section)]
    fields = [(each.encode_name, expected(each.type), default_of(each)) for each in STRUCTS[name].fields]
    assert documented == fields


def test_the_page_documents_nothing_that_there_is_not() -> None:
    headings = re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)
    assert set(headings) == set(STRUCTS)
    assert all(method in PAGE for method in METHODS)


def test_links_of_the_page_lead_somewhere() -> None:
    folder = Path(__file__).parents[2] / "docs"
    targets = re.findall(r"\]\(([^)]+)\)", PAGE)
    anchors = {heading.lower() for heading in re.findall(r"^## (.+)$", PAGE, re.MULTILINE)}
    assert [each for each in targets if each.startswith("#") and each[1:] not in anchors] == []
    assert [each for each in targets if not each.startswith("#") and not (folder / each).exists()] == []


def test_a_policy_cannot_be_changed() -> None:
    made = policy("limits: [{name: l, rate: 1/s, burst: 1}]")
    with pytest.raises(AttributeError):
        made.limits[0].rate = 2.0  # type: ignore[misc]  # that it cannot be set is what is tested


def test_a_policy_survives_json_between_processes() -> None:
    made = policy("limits: [{name: l, rate: 1/s, burst: 1, expires_at: 2030-01-01T00:00:00Z}]")
    assert msgspec.json.decode(msgspec.json.encode(made), type=Policy) == made


def test_unknown_fields_are_refused_by_the_types_too() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"name": "l", "rate": 1.0, "burst": 1, "brust": 1}, Limit)
