"""Carries adaptive limits to the control endpoint, under the lease; what fails is tried again."""

import logging
from collections.abc import Callable, Sequence

from analytics.adaptive import AdaptiveLimits, Situation, covers_of
from analytics.control import Control, Unreachable
from analytics.engine import Engine
from analytics.labels import vouched_by
from analytics.proposer import Proposer
from kernel.check import read_policy
from kernel.control import LONGEST_LEASE_S
from kernel.findings import Overlay
from kernel.policy import Policy
from kernel.wording import to_rate

LEASE_S = 10.0
RENEW_EVERY_S = 3.0  # of real time
FOLLOW_EVERY_S = 2.0  # of real time
HEAR_EVERY_S = 5.0  # of real time: of proposals that are open

log = logging.getLogger("tidegate.analytics")


def lease_length_s(scale: float) -> float:
    """How long a lease is asked for where the events' clock runs `scale` times as fast as time."""
    return min(LEASE_S * scale, LONGEST_LEASE_S)


class Publisher:
    """The loop's last stage. `is_active` is False while another process holds the lease."""

    def __init__(
        self,
        control: Control | None,
        monotonic: Callable[[], float],
        *,
        scale: float = 1.0,
        proposer: Proposer | None = None,
    ) -> None:
        self.is_active = True
        self.policy: Policy | None = None
        self._control = control
        self._proposer = proposer
        self._monotonic = monotonic
        self._lease_s = lease_length_s(scale)
        self._limits = AdaptiveLimits()
        self._paused = False
        self._revision = ""
        self._version = -1
        self._published: tuple[Overlay, ...] | None = None
        self._told: set[str] = set()
        self._renewed_at = float("-inf")
        self._followed_at = float("-inf")
        self._heard_at = float("-inf")
        self._troubled: set[str] = set()  # what is asked in vain

    @property
    def overlays(self) -> tuple[Overlay, ...]:
        """What should be in force."""
        return self._limits.overlays

    def refresh(self, now: float, engine: Engine) -> None:
        """Hear of the policy, of the loop's state and of the lease, every few seconds."""
        if self._control is None:
            return
        real = self._monotonic()
        follows, renews = real - self._followed_at >= FOLLOW_EVERY_S, real - self._renewed_at >= RENEW_EVERY_S
        try:
            if follows:
                self._followed_at = real
                self._follow(self._control, now, engine)
                self._paused = self._control.loop().paused
            if renews:
                self._renew(self._control, real)
        except Unreachable as problem:
            self._fails("refresh", problem)
            return
        if follows or renews:
            self._works("refresh")

    def publish(self, now: float, engine: Engine, loss: float) -> Sequence[Overlay]:
        """Move the values on; returns overlays that were published and not told of before."""
        if self.policy is None or not self.is_active:
            return ()
        self._limits.step(
            Situation(
                now=now,
                policy=self.policy,
                findings=engine.tracker.open,
                usual_of=engine.usual,
                expected_of=engine.expected,
                loss=loss,
                paused=self._paused,
            )
        )
        wanted = self._limits.overlays
        if self._control is None or self._paused or wanted == self._published:
            self._works("publish")
            return ()
        try:
            self._renew(self._control, self._monotonic())
            if not self.is_active:
                return ()
            self._control.put(wanted)
        except Unreachable as problem:
            self._fails("publish", problem)
            return ()
        self._works("publish")
        self._published = wanted
        for overlay in wanted:
            if overlay.id not in self._told:
                log.info(
                    "overlay %s: %s for %s", overlay.limit, to_rate(overlay.rate), overlay.identity or "all"
                )
        news = [overlay for overlay in wanted if overlay.id not in self._told]
        self._told = {overlay.id for overlay in wanted}
        return news

    def propose(self, now: float, engine: Engine) -> None:
        """Tell the console what is proposed. Raises what the warehouse's client raises."""
        if self._proposer is None or self._control is None or self.policy is None:
            return
        if not self.is_active or self._paused:
            self._works("propose")
            return
        real = self._monotonic()
        hears = real - self._heard_at >= HEAR_EVERY_S
        try:
            if hears:
                self._heard_at = real
                self._proposer.hear(self._control.proposed(), now, vouched=vouched_by(self._control.labels()))
            news = self._proposer.look(now, engine, policy=self.policy, revision=self._revision)
            renewed = {each.id for each in news}
            gone = [
                each
                for each in self._proposer.outdated(now, self.policy)
                if each.recommendation not in renewed
            ]
            if news or gone:
                self._control.recommend(news, gone)
        except Unreachable as problem:
            self._fails("propose", problem)
            return
        if hears or news or gone:
            self._works("propose")
        self._proposer.told(news, now)
        self._proposer.withdrew(gone)
        for withdrawal in gone:
            log.info("withdrawn: %s: %s", withdrawal.recommendation, withdrawal.reason)
        for each in news:
            log.info("proposed: %s", each.title)

    def _follow(self, control: Control, now: float, engine: Engine) -> None:
        """Take up a new policy, and overlays where none are known yet."""
        heard = control.following(self._revision, self._version)
        if heard.revision != self._revision and heard.policy:
            policy = read_policy(heard.policy, "policy", now).policy
            if policy is not None:
                self.policy, self._revision = policy, heard.revision
                engine.scopes.cover(covers_of(policy))
        if self._version < 0 or not self.is_active:
            self._limits.restore(heard.overlays, now)
            self._published = tuple(heard.overlays)
            self._told |= {overlay.id for overlay in heard.overlays}
        elif heard.overlays_version < self._version or not heard.overlays:
            self._published = tuple(heard.overlays)  # the endpoint forgot: they are put again
        self._version = heard.overlays_version

    def _renew(self, control: Control, real: float) -> None:
        lease = control.lease(self._lease_s)
        self._renewed_at = real
        if lease.held != self.is_active:
            log.info("the lease is %s", "ours" if lease.held else f"held by {lease.holder}")
        self.is_active = lease.held

    def _fails(self, what: str, problem: Unreachable) -> None:
        """Log where an outage begins, once."""
        if not self._troubled:
            log.warning("control: %s; analytics goes on, overlays are tried again", problem)
        self._troubled.add(what)

    def _works(self, what: str) -> None:
        """Log where it ends: nothing fails any longer."""
        if what in self._troubled and len(self._troubled) == 1:
            log.info("control answers again")
        self._troubled.discard(what)
