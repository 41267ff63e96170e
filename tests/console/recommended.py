"""A recommendation as analytics proposes one."""

from kernel.patch import AddLimit, Patch
from kernel.policy import Limit
from kernel.recommendations import Evidence, Recommendation, recommendation_id

AT = 1_800_000_000.0


def recommendation(base: str = "") -> Recommendation:
    """A limit for one greedy client."""
    limit = Limit(name="slow-down", rate=2.0, burst=4, reason="D1 client-burst")
    return Recommendation(
        id=recommendation_id("default", "limit-client", "ip:192.0.2.7"),
        tenant="default",
        kind="limit-client",
        detector="D1",
        finding="0123456789abcdef",
        key="ip:192.0.2.7",
        route="all",
        title="limit clients to 2/s: ip:192.0.2.7 asks 40 times as often as its peers",
        reason="One client sends 40 times what its peers send.",
        patch=Patch(base, (AddLimit(limit),)),
        rules=("slow-down",),
        lasts_s=7200,
        evidence=Evidence(
            who=("ip:192.0.2.7",),
            identities=1,
            what="asked 40 times as often as its peers",
            observations=(),
            attributes=(),
            peers=None,
            samples=(),
        ),
        confidence=0.9,
        created_at=AT,
        expires_at=AT + 86_400,
    )
