"""A change of a policy as a value: operations on its rules, on a base revision.

`apply` edits the YAML text and leaves the rest of it, comments included, as it is.
"""

import msgspec

from kernel.policy import AccessRule, Limit, Mode


class AddLimit(msgspec.Struct, frozen=True, tag_field="op", tag="add-limit"):
    """A new limit."""

    limit: Limit


class AddAccess(msgspec.Struct, frozen=True, tag_field="op", tag="add-access"):
    """A new access rule, before the others: the first that matches decides."""

    access: AccessRule


class SetRate(msgspec.Struct, frozen=True, tag_field="op", tag="set-rate"):
    """Another value of a limit that is there (requests per second)."""

    rule: str
    rate: float
    burst: int


class SetMode(msgspec.Struct, frozen=True, tag_field="op", tag="set-mode"):
    """Another mode of a rule that is there. `expires_at`: seconds since 1970, 0 leaves it as it is."""

    rule: str
    mode: Mode
    canary: float = 0.0
    expires_at: float = 0.0


class RemoveRule(msgspec.Struct, frozen=True, tag_field="op", tag="remove-rule"):
    """Take a rule away."""

    rule: str


Operation = AddLimit | AddAccess | SetRate | SetMode | RemoveRule


class Patch(msgspec.Struct, frozen=True):
    """Operations in order. `base`: the revision for which they were made."""

    base: str
    operations: tuple[Operation, ...]


class StalePatch(Exception):
    """The patch does not fit the policy any more; the message says which rule and why."""
