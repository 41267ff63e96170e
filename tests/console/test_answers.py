"""The structs behind the endpoint's JSON."""

import msgspec
import pytest

from console.answers import AskLease, PutOverlays, SetLoop, Status
from kernel.findings import Overlay
from tests.console.policies import overlay


def test_overlays_travel_unchanged() -> None:
    body = PutOverlays("default", "analytics", (overlay(),))
    assert msgspec.json.decode(msgspec.json.encode(body), type=PutOverlays) == body


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="more"):
        msgspec.json.decode(b'{"tenant":"t","paused":true,"more":1}', type=SetLoop)


@pytest.mark.parametrize("ttl_s", [0, -1, 301])
def test_a_lease_is_short(ttl_s: float) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"tenant": "t", "holder": "h", "ttl_s": ttl_s}, AskLease)


def test_the_status_holds_overlays_as_the_kernel_knows_them() -> None:
    kinds = {field.name: field.type for field in msgspec.structs.fields(Status)}
    assert kinds["overlays"] == tuple[Overlay, ...]
