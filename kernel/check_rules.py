"""Rules: modes, expiry, quotas, networks, and rules that can never have an effect."""

import datetime as dt

from kernel.addresses import IPNetwork, parse_address, parse_network
from kernel.check_edges import check_header_name
from kernel.policy import AccessRule, HeaderKey, Limit, Policy, Rule
from kernel.problems import Report, quoted


def check_rules(policy: Policy, report: Report, now: float) -> None:
    """Every rule for itself, then against each other."""
    for index, limit in enumerate(policy.limits):
        path = f"limits[{index}]"
        check_rule(limit, path, report, now)
        check_adaptive(limit, path, report)
        if isinstance(limit.key, HeaderKey):
            check_header_name(limit.key.header, f"{path}.key.header", report)
    for index, rule in enumerate(policy.access):
        path = f"access[{index}]"
        check_rule(rule, path, report, now)
        if not rule.networks:
            report.error(f"{path}.networks", "without networks this rule matches nobody", "List some.")
        for number, text in enumerate(rule.networks):
            check_network(text, f"{path}.networks[{number}]", report)
    check_looser(policy, report)
    check_hidden(policy, report)


def check_rule(rule: Rule, path: str, report: Report, now: float) -> None:
    """Mode, canary and expiry."""
    if rule.mode == "canary" and rule.canary == 0.0 and not report.is_wrong(f"{path}.canary"):
        what = "a canary without a share binds nobody"
        report.warning(f"{path}.mode", what, "Add `canary: 0.05` for 5 % of identities.")
    if rule.mode != "canary" and rule.canary != 0.0 and not report.is_wrong(f"{path}.mode"):
        what = f"a canary's share has no meaning in mode `{rule.mode}`"
        report.error(f"{path}.canary", what, "Write `mode: canary`, or delete this line.")
    if rule.expires_at is not None and rule.expires_at.timestamp() <= now and rule.mode != "off":
        at = rule.expires_at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        what = f"this rule expired at {at} and has no effect"
        report.warning(f"{path}.expires_at", what, "Delete the rule, or give it a later time.")


def check_adaptive(limit: Limit, path: str, report: Report) -> None:
    """floor <= rate <= ceiling, as far as they are numbers."""
    range_ = limit.adaptive
    if range_ is None:
        return
    has_floor = not report.is_wrong(f"{path}.adaptive.floor")
    has_ceiling = not report.is_wrong(f"{path}.adaptive.ceiling")
    todo = "It holds where analytics is silent: put it between floor and ceiling."
    if has_floor and has_ceiling and range_.floor > range_.ceiling:
        what = f"the floor ({range_.floor:g}/s) is above the ceiling ({range_.ceiling:g}/s)"
        report.error(f"{path}.adaptive", what, "Swap them.")
    elif has_floor and limit.rate < range_.floor:
        what = f"the rate ({limit.rate:g}/s) is below the floor ({range_.floor:g}/s)"
        report.error(f"{path}.rate", what, todo)
    elif has_ceiling and limit.rate > range_.ceiling:
        what = f"the rate ({limit.rate:g}/s) is above the ceiling ({range_.ceiling:g}/s)"
        report.error(f"{path}.rate", what, todo)


def check_network(text: str, path: str, report: Report) -> IPNetwork | None:
    """A network or an address, without bits beyond its prefix; None where it is none."""
    network = parse_network(text)
    if network is None:
        todo = "Write `203.0.113.0/24`, `2001:db8::/32` or a single address."
        report.error(path, f"{quoted(text)} is not a network", todo)
        return None
    address = parse_address(text.partition("/")[0])
    if address is not None and address.value != int(network.network_address):
        report.warning(path, f"{quoted(text)} means {network}", f"Write `{network}`, or a longer prefix.")
    return network


def check_looser(policy: Policy, report: Report) -> None:
    """A limit of some routes that the one of every route always refuses before."""
    everywhere = [
        (number, limit)
        for number, limit in enumerate(policy.limits)
        if not limit.routes and limit.mode == "enforce" and limit.key != "route"
    ]
    for index, limit in enumerate(policy.limits):
        path = f"limits[{index}]"
        if not limit.routes or limit.mode == "off" or has_wrong_size(path, report):
            continue
        for number, wide in everywhere:
            if not is_looser(limit, wide) or has_wrong_size(f"limits[{number}]", report):
                continue
            what = f"looser than limits[{number}] ({quoted(wide.name)}), which always refuses first"
            todo = "Make it tighter, or give the other one `routes` or `plans` that leave these out."
            report.warning(f"{path}.rate", what, todo)
            break


def has_wrong_size(path: str, report: Report) -> bool:
    """Whether a limit's rate or burst is a stand-in."""
    return report.is_wrong(f"{path}.rate") or report.is_wrong(f"{path}.burst")


def is_looser(limit: Limit, wide: Limit) -> bool:
    """Whether `wide` has the same key, reaches everyone that `limit` does, and gives less."""
    same_key = key_of(limit) == key_of(wide)
    reaches = not wide.plans or (bool(limit.plans) and set(limit.plans) <= set(wide.plans))
    lasts = wide.expires_at is None
    return same_key and reaches and lasts and limit.rate >= wide.rate and limit.burst >= wide.burst


def key_of(limit: Limit) -> str:
    """A limit's key as text, header names in lower case."""
    return f"header:{limit.key.header.lower()}" if isinstance(limit.key, HeaderKey) else limit.key


def check_hidden(policy: Policy, report: Report) -> None:
    """An access rule all of whose addresses an earlier one has decided on."""
    for index, rule in enumerate(policy.access):
        earlier = [each for each in policy.access[:index] if decides_before(each, rule)]
        hidden = next((each for each in earlier if covers(each.networks, rule.networks)), None)
        if hidden is not None and rule.mode != "off":
            what = (
                f"{quoted(hidden.name)} decides on all of these addresses first, so this rule has no effect"
            )
            report.warning(f"access[{index}]", what, "Move it up, or delete it.")


def decides_before(earlier: AccessRule, later: AccessRule) -> bool:
    """Whether an earlier rule always applies where the later one does."""
    where = not earlier.routes or (bool(later.routes) and set(later.routes) <= set(earlier.routes))
    return where and earlier.mode == "enforce" and earlier.expires_at is None


def covers(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    """Whether each of the narrow networks lies within one of the wide ones."""
    outer = [parse_network(text) for text in wide]
    inner = [parse_network(text) for text in narrow]
    return bool(inner) and all(any(lies_within(one, other) for other in outer) for one in inner)


def lies_within(inner: IPNetwork | None, outer: IPNetwork | None) -> bool:
    """Whether `inner` is `outer` or a part of it; networks that do not parse are in none."""
    if inner is None or outer is None or inner.version != outer.version:
        return False
    shift = outer.max_prefixlen - outer.prefixlen
    return (
        inner.prefixlen >= outer.prefixlen
        and int(inner.network_address) >> shift == int(outer.network_address) >> shift
    )
