"""The policy's JSON Schema (2020-12), for editors: what the types alone can tell of a document."""

from typing import Any

import msgspec

from kernel.policy import RATE_FORM, Policy

DIALECT = "https://json-schema.org/draft/2020-12/schema"
RATE = {"type": "string", "pattern": RATE_FORM, "examples": ["10/s", "600/min", "1000/h", "5000/d"]}


def policy_schema() -> dict[str, Any]:
    """The schema; rates are text as they are written, not the numbers that they become."""
    schema = msgspec.json.schema(Policy)
    definitions = {name: with_written_rates(each) for name, each in schema["$defs"].items()}
    return {"$schema": DIALECT, "title": "Tidegate policy", "$ref": schema["$ref"], "$defs": definitions}


def with_written_rates(schema: Any) -> Any:
    """A schema whose rates are text."""
    if isinstance(schema, list | tuple):  # a default of the types is a tuple
        return [with_written_rates(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("pattern") == RATE_FORM:
        return RATE
    return {name: with_written_rates(each) for name, each in schema.items()}
