"""What automation may set: only adaptive limits, within floor and ceiling, for a bounded time,
and nothing for identities on the policy's allow-list."""

from collections.abc import Iterable

from kernel.allow_list import AllowList
from kernel.findings import Overlay
from kernel.policy import Limit, Policy
from kernel.wording import to_rate

# An overlay that analytics no longer renews must end on its own within the day.
LONGEST_TTL_S = 24 * 3600.0
MOST_OVERLAYS = 10_000  # proxies compile them all on every change


def objections(policy: Policy, overlays: Iterable[Overlay], now: float) -> tuple[str, ...]:
    """Every reason to refuse these overlays under this policy; none: they may be set."""
    limits = {limit.name: limit for limit in policy.limits}
    allowed = AllowList(policy.allow_list)
    found: list[str] = []
    seen: set[tuple[str, str]] = set()
    for number, overlay in enumerate(overlays):
        if number >= MOST_OVERLAYS:
            return (*found, f"more than {MOST_OVERLAYS} overlays")
        place = (overlay.limit, overlay.identity)
        twice = ("two overlays for the same limit and identity",) if place in seen else ()
        seen.add(place)
        whats = (*twice, *objections_to(policy, limits.get(overlay.limit), overlay, now))
        if overlay.identity in allowed:
            whats = (*whats, f"identity {overlay.identity!r} is on the policy's allow-list")
        found += [f"overlay {overlay.id!r} of limit {overlay.limit!r}: {what}" for what in whats]
    return tuple(found)


def objections_to(policy: Policy, limit: Limit | None, overlay: Overlay, now: float) -> tuple[str, ...]:
    """What is wrong with one overlay."""
    if limit is None:
        return ("the policy has no such limit",)
    if limit.adaptive is None:
        return ("the limit is not adaptive: the policy gives it no floor and ceiling",)
    floor, ceiling = limit.adaptive.floor, limit.adaptive.ceiling
    found: list[str] = []
    if overlay.tenant != policy.tenant:
        found.append(f"its tenant {overlay.tenant!r} is not the policy's {policy.tenant!r}")
    if not floor <= overlay.rate <= ceiling:  # also refuses NaN
        found.append(f"rate {to_rate(overlay.rate)} lies outside {to_rate(floor)} to {to_rate(ceiling)}")
    if overlay.burst < 1:
        found.append(f"burst {overlay.burst} admits nobody")
    if overlay.expires_at <= now:
        found.append("it has expired already")
    elif not overlay.expires_at <= now + LONGEST_TTL_S:
        found.append(f"it lives longer than {LONGEST_TTL_S / 3600:g} h")
    return tuple(found)
