"""A recommendation against the seeded attack, with a replay that has a curve, and the state that holds it."""

from pathlib import Path

from console.state import open_state
from console.store import Clock
from kernel.findings import Observation
from kernel.patch import AddLimit, Patch
from kernel.policy import Limit
from kernel.recommendations import Attribute, Evidence, Peers, Recommendation, recommendation_id
from kernel.replays import Bound, CurvePoint, Disagreement, Example, ReplayReport, RuleHarm, Split
from tests.console.web_seed import ATTACKER

RULE = "login-per-client"


def replay(now: float) -> ReplayReport:
    """Three rates; the middle one was chosen."""
    rates = ((1.0, 3_560, 14, 0.046), (2.0, 3_420, 1, 0.012), (5.0, 3_150, 0, 0.007))
    curve = tuple(
        CurvePoint(rate, 4, Split(attack, 1), Split(others * 3, others), upper)
        for rate, attack, others, upper in rates
    )
    rule = RuleHarm(
        rule=RULE,
        kind="replayable",
        why="its key and route are in telemetry",
        attack=Split(3_420, 1),
        legitimate=Split(3, 1),
        refused_then=0,
        bound=Bound(1, 412, 0.0115),
        curve=curve,
        examples=(),
    )
    return ReplayReport(
        base="b",
        candidate="c",
        since=now - 3_600,
        until=now,
        warmed_from=now - 3_900,
        chosen_until=now - 1_800,
        seen_attack=Split(3_600, 1),
        seen_legitimate=Split(28_310, 412),
        newly_attack=Split(3_420, 1),
        newly_legitimate=Split(3, 1),
        freed=Split(),
        rules=(rule,),
        bound=Bound(1, 412, 0.0115),
        disagreement=Disagreement(31_910, 3),
        lost=0.0,
        took_s=0.2,
        caveats=("Who was refused would have retried less, or more: a replay cannot know.",),
    )


def proposal(tenant: str, now: float, *, finding: str) -> Recommendation:
    """A limit of logins for each client."""
    limit = Limit(name=RULE, rate=2.0, burst=4, routes=("login",), reason="client burst")
    return Recommendation(
        id=recommendation_id(tenant, "limit-client", "login"),
        tenant=tenant,
        kind="limit-client",
        detector="D1",
        finding=finding,
        key="login",
        route="login",
        title="Limit each client of route login to 2 requests/s",
        reason="One client sends 40 requests/s to login; 999 of 1,000 others stay below 1.4.",
        patch=Patch("", (AddLimit(limit),)),
        rules=(RULE,),
        lasts_s=3_600,
        evidence=Evidence(
            who=(ATTACKER,),
            identities=1,
            what="One address sends 8 of 10 requests of route login.",
            observations=(Observation("requests of this identity", 40.0, 2.0, "requests/s"),),
            attributes=(
                Attribute("user_agent", "python-<b>requests</b>", 1.0, 0.02, 0.97),
                Attribute("path", "", 0.6, 0.0, 1.0),
            ),
            peers=Peers("requests per 10 s", 412, 2.0, 6.0, 11.0, 14.0, 15.0, 400.0),
            samples=(Example(now - 5, "POST", "login", ATTACKER, 401, True),),
        ),
        confidence=0.97,
        created_at=now - 60,
        expires_at=now + 86_400,
        replay=replay(now),
    )


async def propose(directory: Path, policy: Path, clock: Clock, recommendation: Recommendation) -> None:
    """Store it before a console is started there."""
    state = open_state(directory / "control.sqlite", policy, clock)
    await state.take_lease("analytics-1", 60)
    await state.propose("analytics-1", (recommendation,))
    await state.close()
