"""A finding as tests need one: what does not matter to them is filled in."""

import msgspec

from kernel.findings import Finding


def burst(identity: str, onset: float, **changed: object) -> Finding:
    """An open client burst, decided two seconds after its onset and found a second later."""
    plain = Finding(
        id="f1",
        tenant="default",
        detector="D1",
        kind="client-burst",
        key=identity,
        route="",
        identity=identity,
        severity="warning",
        onset=onset,
        window_end=onset + 2,
        found_at=onset + 3,
        closed_at=0.0,
        score=9.0,
        confidence=0.9,
        summary="",
        evidence=(),
    )
    return msgspec.structs.replace(plain, **changed)
