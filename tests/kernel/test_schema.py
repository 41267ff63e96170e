"""The JSON Schema that editors use."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from kernel.schema import DIALECT, policy_schema
from tests.kernel.policies import ROUTES, UPSTREAMS, problems

DOCS = Path(__file__).parents[2] / "docs"
VALIDATOR = jsonschema.Draft202012Validator(policy_schema())


class Written(yaml.SafeLoader):
    """As an editor reads: times are text, and so are the words of YAML 1.1."""


Written.yaml_implicit_resolvers = {
    first: [each for each in resolvers if each[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def written(text: str) -> Any:
    return yaml.load(text, Written)


def test_it_is_a_valid_schema_of_its_dialect() -> None:
    assert policy_schema()["$schema"] == DIALECT
    jsonschema.Draft202012Validator.check_schema(policy_schema())


def test_the_committed_schema_is_the_exported_one() -> None:
    assert json.loads((DOCS / "policy.schema.json").read_text()) == policy_schema()


EXAMPLES = sorted(set((DOCS / "examples").glob("*.yaml")) - {DOCS / "examples" / "alerts.yaml"})


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_valid(path: Path) -> None:
    VALIDATOR.validate(written(path.read_text()))


@pytest.mark.parametrize(
    "part",
    [
        "colour: red",
        "limits: [{name: l, rate: 10, burst: 1}]",
        "limits: [{name: l, rate: 10/m, burst: 1}]",
        "limits: [{name: l, rate: 10/s, burst: 0}]",
        "limits: [{name: l, rate: 10/s, burst: 1, canary: 2}]",
        "limits: [{name: l, rate: 10/s, burst: 1, adaptive: {floor: 1, ceiling: 2/s}}]",
        "limits: [{name: l, rate: 10/s, burst: 1, mode: enforced}]",
        "consumers: [{name: c, keys: [{sha256: tg_secret}]}]",
        "plans: [{name: ' x'}]",
        "timeouts: {head_ms: 0}",
        "access: [{name: a, action: deny}]",
    ],
)
def test_what_an_editor_marks_is_an_error_of_the_check_too(part: str) -> None:
    text = UPSTREAMS + ROUTES + part
    assert not VALIDATOR.is_valid(written(text))
    assert any(each.severity == "error" for each in problems(text))
    assert VALIDATOR.is_valid(written(UPSTREAMS + ROUTES))


def test_an_unknown_field_is_marked_at_every_level() -> None:
    assert all(each["additionalProperties"] is False for each in policy_schema()["$defs"].values())
