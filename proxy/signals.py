"""Subject, object and success of a request: kept as keyed hashes, integers of objects in clear."""

import json
import re
from typing import NamedTuple
from urllib.parse import parse_qsl

import msgspec

from kernel.hashing import keyed_hash
from kernel.snapshot import RoutePlan, SignalPlan

MOST_BODY_BYTES = 8_192  # of a body that is looked at
MOST_FORM_FIELDS = 200
MOST_INTEGER = (1 << 63) - 1


class Signs(NamedTuple):
    """Columns of the event: hashes are 0 and the object id is -1 where there is none."""

    subject_hash: int
    object_hash: int
    object_id: int


NO_SIGNS = Signs(0, 0, -1)


def signs_of(route: RoutePlan, parameters: tuple[str, ...], body: bytes, key: bytes) -> Signs:
    """What the route's `signals` find in path parameters and in the first 8 KB of the body."""
    signals = route.signals
    if signals is None:
        return NO_SIGNS
    subject = find(signals.subject, route.parameters, parameters, body)
    thing = find(signals.object_id, route.parameters, parameters, body)
    return Signs(
        keyed_hash(subject.encode("utf-8", "replace"), key) if subject else 0,
        keyed_hash(thing.encode("utf-8", "replace"), key) if thing else 0,
        to_integer(thing),
    )


def succeeded(signals: SignalPlan | None, status: int) -> int:
    """1 or 0 where the route says which statuses mean success, else -1."""
    if signals is None or not signals.success:
        return -1
    return 1 if status in signals.success else 0


def find(
    source: tuple[str, str] | None, names: tuple[str, ...], parameters: tuple[str, ...], body: bytes
) -> str:
    """The text at a source, or an empty string."""
    if source is None:
        return ""
    where, name = source
    if where == "path":
        return dict(zip(names, parameters, strict=False)).get(name, "")
    if where == "form":
        return in_form(body, name)
    return in_json(body, name)


def in_form(body: bytes, name: str) -> str:
    """The first field `name` of a urlencoded form."""
    try:
        fields = parse_qsl(body.decode("latin-1"), max_num_fields=MOST_FORM_FIELDS)
    except ValueError:
        return ""
    return next((value for field, value in fields if field == name), "")


def in_json(body: bytes, path: str) -> str:
    """The string or number at a dotted path; in a body that was cut, the first field of that name."""
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return in_cut_json(body, path.rpartition(".")[2])
    except RecursionError:
        return ""
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""


def in_cut_json(body: bytes, name: str) -> str:
    """The first field `name` whose value is whole."""
    field = re.escape(json.dumps(name).encode())
    found = re.search(field + rb'\s*:\s*(?:"((?:[^"\\]|\\.)*)"|(-?[0-9]+)[\s,}])', body)
    if found is None:
        return ""
    if found[2] is not None:
        return found[2].decode()
    try:
        text = msgspec.json.decode(b'"' + found[1] + b'"', type=str)
    except msgspec.DecodeError:
        return ""
    return text


def to_integer(text: str) -> int:
    """A non-negative integer that fits the column, else -1."""
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        return -1
    value = int(text)
    return value if value <= MOST_INTEGER else -1
