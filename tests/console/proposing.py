"""Recommendations for the console's tests."""

from kernel.patch import AddLimit, Patch
from kernel.policy import Limit
from kernel.recommendations import Evidence, Realised, Recommendation, recommendation_id
from kernel.replays import Bound, Split

NOBODY = Split()


def recommendation(
    key: str = "login", *, rule: str = "slow-down", expires_at: float = 9_000.0
) -> Recommendation:
    """One limit for route catalogue of ADAPTIVE."""
    return Recommendation(
        id=recommendation_id("default", "limit-client", key),
        tenant="default",
        kind="limit-client",
        detector="D1",
        finding="f00d",
        key=key,
        route="catalogue",
        title="Slow down",
        reason="Too fast.",
        patch=Patch("", (AddLimit(Limit(name=rule, rate=1.0, burst=5, routes=("catalogue",))),)),
        rules=(rule,),
        lasts_s=600,
        evidence=Evidence(("ip:192.0.2.7",), 1, "fast", (), (), None, ()),
        confidence=0.9,
        created_at=1_000.0,
        expires_at=expires_at,
    )


def realised(which: str) -> Realised:
    """Nobody was harmed."""
    return Realised(which, 1_000.0, 1_100.0, Split(90, 1), NOBODY, Bound(0, 50, 0.06))
