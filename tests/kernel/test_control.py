"""The control protocol's bodies."""

import msgspec
import pytest

from kernel.control import AskLease, Following, PutOverlays, SetLoop, Status
from kernel.findings import Overlay

OVERLAY = Overlay("o1", "t", "fair", "ip:192.0.2.1", 2.0, 4, "burst", "f1", 1.0, 601.0)


def test_overlays_travel_unchanged() -> None:
    body = PutOverlays("default", "analytics", (OVERLAY,))
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


def test_what_a_proxy_follows_survives_json() -> None:
    following = Following("t", "0" * 12, "upstreams: []", 3, (OVERLAY,))
    assert msgspec.json.decode(msgspec.json.encode(following), type=Following) == following
