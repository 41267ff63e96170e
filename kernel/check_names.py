"""Names: their form, that they are unique, and that every reference has something to refer to."""

import re
from collections.abc import Iterable, Sequence

from kernel.policy import NAME_FORM, Consumer, Plan, Policy, Route, Rule, Upstream
from kernel.problems import Report, quoted, suggestion

NAME = re.compile(NAME_FORM)
NAME_RULE = "Begin with a letter or digit; up to 100 printable ASCII characters without quotes and backslash."
RULES = ("limits", "access")  # share their names: telemetry has one column for both
LISTS = ("upstreams", "routes", "consumers", "plans", *RULES)
Named = Upstream | Route | Consumer | Plan | Rule


def check_names(policy: Policy, report: Report) -> None:
    """Every name and every reference of the policy."""
    check_form(policy.tenant, "tenant", report)
    lists = [(label, getattr(policy, label)) for label in LISTS]
    for label, items in lists:
        for index, item in enumerate(items):
            check_form(item.name, f"{label}[{index}].name", report)
    check_references(policy, report)  # a name that is taken twice can still be referred to
    for label, items in lists[: -len(RULES)]:
        check_unique([(label, items)], report)
    check_unique(lists[-len(RULES) :], report)
    check_use(policy, report)


def check_form(name: str, path: str, report: Report) -> None:
    """A name as it may stand in a header field and in a column."""
    if not NAME.fullmatch(name):
        what = f"{quoted(name)} is no name" if name else "a name cannot be empty"
        report.error(path, what, NAME_RULE)


def check_unique(lists: Sequence[tuple[str, Sequence[Named]]], report: Report) -> None:
    """Names within lists that share their names are taken once."""
    first: dict[str, str] = {}
    for label, items in lists:
        for index, item in enumerate(items):
            path = f"{label}[{index}].name"
            if report.is_wrong(path):
                continue
            holder = first.setdefault(item.name, path)
            if holder != path:
                line = report.place(holder).line
                what = f"the name {quoted(item.name)} is taken by {holder} on line {line}"
                report.error(path, what, "Give one of them another name.")


def check_references(policy: Policy, report: Report) -> None:
    """References to upstreams, plans and routes."""
    for index, route in enumerate(policy.routes):
        refer([route.upstream], [f"routes[{index}].upstream"], ("upstream", policy.upstreams), report)
    for index, consumer in enumerate(policy.consumers):
        if consumer.plan is not None:
            refer([consumer.plan], [f"consumers[{index}].plan"], ("plan", policy.plans), report)
    for label, rules in (("limits", policy.limits), ("access", policy.access)):
        for index, rule in enumerate(rules):
            refer(
                rule.routes, paths(f"{label}[{index}].routes", rule.routes), ("route", policy.routes), report
            )
    for index, limit in enumerate(policy.limits):
        refer(limit.plans, paths(f"limits[{index}].plans", limit.plans), ("plan", policy.plans), report)


def paths(label: str, items: Sequence[object]) -> list[str]:
    """The paths of a list's items."""
    return [f"{label}[{index}]" for index in range(len(items))]


def refer(
    names: Iterable[str], places: Iterable[str], target: tuple[str, Sequence[Named]], report: Report
) -> None:
    """Report the names that nothing in `target` (its word, its items) is called by."""
    word, items = target
    if report.has_wrong_names(f"{word}s"):
        return
    known = {item.name for item in items}
    for name, place in zip(names, places, strict=True):
        if name not in known:
            report.error(place, f"no {word} is called {quoted(name)}", suggestion(name, known, word))


def check_use(policy: Policy, report: Report) -> None:
    """Upstreams that nothing uses, and credentials that nobody has."""
    used = {route.upstream for route in policy.routes}
    known = {upstream.name for upstream in policy.upstreams}
    for index, upstream in enumerate(policy.upstreams):
        if upstream.name not in used and used <= known:
            report.warning(f"upstreams[{index}]", "no route uses this upstream", "Add a route, or delete it.")
    for index, consumer in enumerate(policy.consumers):
        if not consumer.keys:
            what = f"{quoted(consumer.name)} has no key, so nobody can call as this consumer"
            report.warning(f"consumers[{index}]", what, "`tidegate keys create` makes one.")
    if not any(consumer.keys for consumer in policy.consumers):
        for index, route in enumerate(policy.routes):
            if route.auth == "required":
                what = "a credential is required, but the policy has no keys: every request would be refused"
                report.warning(f"routes[{index}].auth", what, "Add consumers with keys.")
