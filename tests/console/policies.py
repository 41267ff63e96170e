"""Policies for the console's tests."""

from pathlib import Path

from kernel.findings import Overlay

ADAPTIVE = """\
upstreams:
  - name: shop
    url: http://127.0.0.1:9000
routes:
  - name: catalogue
    path: /catalogue/*
    upstream: shop
limits:
  - name: fair
    rate: 10/s
    burst: 20
    adaptive: {floor: 2/s, ceiling: 50/s}
  - name: fixed
    rate: 100/s
    burst: 100
consumers:
  - name: partner
allow_list: ["consumer:partner", "10.0.0.0/8"]
"""


LONGER = ADAPTIVE + "# more\n" * 2_000


def lengthen(policy: Path) -> None:
    """Put LONGER into the file: it needs room on the disk."""
    policy.write_text(LONGER)


def overlay(
    identity: str = "ip:192.0.2.7", *, rate: float = 5.0, expires_at: float = 1_600.0, limit: str = "fair"
) -> Overlay:
    """An overlay that ADAPTIVE allows at time 1000."""
    return Overlay(
        id=f"{limit}/{identity}",
        tenant="default",
        limit=limit,
        identity=identity,
        rate=rate,
        burst=5,
        reason="client burst",
        finding="f00d",
        created_at=1_000.0,
        expires_at=expires_at,
    )


class Clock:
    """Seconds since 1970 that move only when told."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
