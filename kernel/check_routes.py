"""Routes: templates, hosts, methods, and routes that can never be chosen."""

import re

from kernel.matching import PARAMETER as ONE_SEGMENT
from kernel.matching import REST, Matcher, Pattern, parameter_names, segments
from kernel.policy import METHODS, Policy, Route, Signals
from kernel.problems import Report, closest, quoted

PARAMETER = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]{0,63}\}")
# RFC 3986 pchar without `*`, in the form that the proxy normalises paths to.
LITERAL = re.compile(r"(?:[A-Za-z0-9._~!$&'()+,;=:@-]|%[0-9A-F]{2})*")
NEEDLESS = re.compile(r"%(?:2D|2E|5F|7E|3[0-9]|4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9A])")
HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*|\[[0-9A-Fa-f:.]+\]")
REFUSED = re.compile(r"%(?:[01][0-9A-F]|7F|2F|5C)")  # encoded control characters, slash, backslash
SOURCE = re.compile(r"(json|form|path):([^\s:]{1,128})")
LONGEST_PATH = 2_048
UNNAMED = "~"  # a segment that no policy names: it stands for what a parameter takes
MOST_SEGMENTS = 64  # a match descends once per segment


def check_routes(policy: Policy, report: Report) -> None:
    """Every route for itself, then against each other."""
    if not policy.routes:
        report.error("routes", "there is no route, so every request would be answered 404", "Add one.")
    for index, route in enumerate(policy.routes):
        path = f"routes[{index}]"
        check_template(route.path, f"{path}.path", report)
        check_host(route.host, f"{path}.host", report)
        check_methods(route.methods, f"{path}.methods", report)
        check_prefix(route, path, report)
        if route.signals is not None:
            check_signals(route, route.signals, path, report)
    check_overlaps(policy, report)
    check_open_methods(policy, report)


def check_template(template: str, path: str, report: Report) -> None:
    """A template: literal segments, parameters, and a rest at the end."""
    if not template.startswith("/"):
        report.error(path, f"{quoted(template)} does not begin with `/`", f"Write {quoted('/' + template)}.")
        return
    parts = template[1:].split("/")
    if len(template) > LONGEST_PATH or len(parts) > MOST_SEGMENTS:
        report.error(path, f"the path is longer than {MOST_SEGMENTS} segments", "Shorten it.")
    for number, part in enumerate(parts):
        wrong = wrong_segment(part, number == len(parts) - 1)
        if wrong is not None:
            report.error(path, f"{quoted(template)}: {wrong[0]}", wrong[1])
    names = parameter_names(template)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        report.error(path, f"the parameter {quoted(twice)} is named twice", "Give each its own name.")


def wrong_segment(part: str, last: bool) -> tuple[str, str] | None:
    """What is wrong with a segment of a template, and what to do; None where nothing is."""
    if "{" in part or "}" in part:
        if PARAMETER.fullmatch(part):
            return None
        return f"{quoted(part)} is no parameter", "A parameter takes a whole segment: `/orders/{id}`."
    if part == "" and not last:
        return "a segment is empty", "The proxy collapses `//`: write a single `/`."
    if "*" in part:
        if part == REST and last:
            return None
        return "`*` stands in the wrong place", "Only the last segment can be `*`: it takes the rest."
    if part in (".", ".."):
        return f"the proxy resolves {quoted(part)} before it matches", "Write the path that it leads to."
    if not LITERAL.fullmatch(part):
        return f"{quoted(part)} has a character that a path cannot have", "Write it as `%XX` (upper case)."
    refused = REFUSED.search(part)
    if refused is not None:
        return f"`{refused[0]}` never matches: the proxy refuses such paths", "Write another path."
    needless = NEEDLESS.search(part)
    if needless is not None:
        plain = bytes.fromhex(needless[0][1:]).decode("ascii")
        return f"`{needless[0]}` never matches: the proxy decodes it", f"Write {quoted(plain)}."
    return None


def check_host(host: str | None, path: str, report: Report) -> None:
    """A host name without port and wildcard."""
    if host is None or HOST.fullmatch(host):
        return
    todo = "Write a host name such as `api.example.org`; without `host` a route takes every host."
    if ":" in host and HOST.fullmatch(host.partition(":")[0]):
        todo = "Leave the port out: hosts are compared without it."
    elif "*" in host:
        todo = "There are no wildcards: write one route per host, or leave `host` out."
    report.error(path, f"{quoted(host)} is not a host name", todo)


def check_methods(methods: tuple[str, ...], path: str, report: Report) -> None:
    """Methods that the proxy knows, each once."""
    for index, method in enumerate(methods):
        place = f"{path}[{index}]"
        if method in METHODS:
            if method in methods[:index]:
                report.warning(place, f"{method} is named twice", "Keep one.")
            continue
        near = closest(method.upper(), METHODS)
        todo = f"Did you mean {near}?" if near else f"Write one of: {', '.join(METHODS)}."
        report.error(place, f"{quoted(method)} is not a method that a route can name", todo)


def check_prefix(route: Route, path: str, report: Report) -> None:
    """`strip_prefix` is a whole number of segments that the template begins with."""
    prefix = route.strip_prefix
    if prefix is None:
        return
    place = f"{path}.strip_prefix"
    if not prefix.startswith("/"):
        report.error(place, f"{quoted(prefix)} does not begin with `/`", f"Write {quoted('/' + prefix)}.")
    elif "{" in prefix or REST in prefix:
        report.error(place, "a prefix is literal text", "Leave parameters and `*` out of it.")
    elif report.is_wrong(f"{path}.path"):
        return
    elif not f"{route.path}/".startswith(f"{prefix.rstrip('/')}/"):
        what = f"the path {quoted(route.path)} does not begin with {quoted(prefix)}"
        report.error(place, what, "Write leading segments of the route's path.")


def check_signals(route: Route, signals: Signals, path: str, report: Report) -> None:
    """Sources of signals have a form that the proxy can follow."""
    for field, source in (("subject", signals.subject), ("object_id", signals.object_id)):
        if source is None:
            continue
        place = f"{path}.signals.{field}"
        form = SOURCE.fullmatch(source)
        if form is None:
            todo = "Write `json:user.name`, `form:user` or `path:id`."
            report.error(place, f"{quoted(source)} is no source", todo)
        elif form[1] == "path" and form[2] not in parameter_names(route.path):
            known = ", ".join(parameter_names(route.path)) or "none"
            if not report.is_wrong(f"{path}.path"):
                what = f"the route's path has no parameter {quoted(form[2])}"
                report.error(place, what, f"Parameters of {quoted(route.path)}: {known}.")


def check_overlaps(policy: Policy, report: Report) -> None:
    """Routes of one template and host must differ in their methods: else the later never gets its own.

    Routes of different templates cannot hide each other: each template takes some path that no
    more specific one takes, and the matcher goes back where a method does not fit.
    """
    taken: dict[tuple[tuple[str, ...], str, str], str] = {}
    for index, route in enumerate(policy.routes):
        path = f"routes[{index}]"
        if any(report.is_wrong(f"{path}.{field}") for field in ("path", "host", "methods")):
            continue
        template = (tuple(segments(route.path)), (route.host or "").lower())
        methods = route.methods or ("",)
        holders = {method: taken.get((*template, method), path) for method in methods}
        lost = {method: holder for method, holder in holders.items() if holder != path}
        for method in methods:
            taken.setdefault((*template, method), path)
        if lost:
            report_overlap(path, route, lost, report)


def report_overlap(path: str, route: Route, lost: dict[str, str], report: Report) -> None:
    """A route that loses all, or some, of its methods to earlier ones."""
    holder = next(iter(lost.values()))
    line = report.place(holder).line
    if len(lost) == len(set(route.methods or ("",))):
        what = f"this route can never be chosen: {holder} on line {line} takes the same requests"
        report.error(path, what, "Delete one of them, or give them different paths, hosts or methods.")
        return
    names = ", ".join(method for method in lost)
    what = f"{holder} on line {line} already takes {names} on this path"
    report.error(f"{path}.methods", what, f"Leave {names} out of one of the two.")


def check_open_methods(policy: Policy, report: Report) -> None:
    """A route that requires a key for some methods, where a wider route takes the others without one.

    OPTIONS is left out: browsers ask it without credentials, before they ask with them.
    """
    if report.failed:
        return
    matcher = Matcher(
        [Pattern(route.path, (route.host or "").lower(), route.methods) for route in policy.routes]
    )
    for index, route in enumerate(policy.routes):
        if route.auth != "required" or not route.methods:
            continue
        path = "/".join(
            UNNAMED if each in (ONE_SEGMENT, REST) else each for each in ("", *segments(route.path))
        )
        others = [method for method in METHODS if method not in (*route.methods, "OPTIONS")]
        found = {method: matcher.match((route.host or "").lower(), path, method).route for method in others}
        for wider in sorted(set(found.values())):
            if wider >= 0 and policy.routes[wider].auth != "required":
                names = ", ".join(method for method, taken in found.items() if taken == wider)
                what = f"{names} on this path are taken by routes[{wider}], which requires no key"
                todo = "Leave `methods` out, or let that route require a key too."
                report.warning(f"routes[{index}].methods", what, todo)
