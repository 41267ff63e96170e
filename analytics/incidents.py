"""One incident, one finding: whether a route or its whole upstream is in trouble."""

import numpy as np

from analytics.detector import Mask
from analytics.series import ROUTE, UPSTREAM, Rows
from analytics.windows import Flags, Floats, Ints


def is_masked(detector: str, rows: Ints, names: Rows, mask: Mask) -> Flags:
    """Rows under a finding: a route by its own or its upstream's, an upstream by any of its routes'."""
    masked = np.zeros(len(rows), np.bool_)
    if not mask.keys:
        return masked
    troubled = {
        names.upstreams[row]
        for number, key in mask.keys
        if number == detector and (row := names.find(key)) >= 0
    }
    for at, row in enumerate(rows):
        name, upstream = names.names[row], names.upstreams[row]
        own = mask.holds(detector, name) or mask.holds(detector, UPSTREAM + upstream)
        masked[at] = own or (name.startswith(UPSTREAM) and upstream in troubled)
    return masked


def whole_upstreams(names: Rows, rows: Ints, ripe: Flags, rest: Flags) -> frozenset[str]:
    """Upstreams that are in trouble as a whole: two routes are, or what is left without the worst."""
    count: dict[str, int] = {}
    found: set[str] = set()
    for at, row in enumerate(rows):
        upstream = names.upstreams[row]
        if not ripe[at]:
            continue
        if names.names[row].startswith(ROUTE):
            count[upstream] = count.get(upstream, 0) + 1
        elif rest[at]:
            found.add(upstream)
    found.update(upstream for upstream, routes in count.items() if routes >= 2 and upstream)
    return frozenset(found)


def rest_of(names: Rows, rows: Ints, part: Floats, total: Floats) -> tuple[Floats, Floats]:
    """For rows of upstreams, part and total less those of the route with the greatest part."""
    worst: dict[str, tuple[float, float]] = {}
    for at, row in enumerate(rows):
        upstream = names.upstreams[row]
        if names.names[row].startswith(ROUTE):
            worst[upstream] = max(worst.get(upstream, (0.0, 0.0)), (float(part[at]), float(total[at])))
    rest_part, rest_total = part.copy(), total.copy()
    for at, row in enumerate(rows):
        if names.names[row].startswith(UPSTREAM):
            less_part, less_total = worst.get(names.upstreams[row], (0.0, 0.0))
            rest_part[at] -= less_part
            rest_total[at] -= less_total
    return rest_part, rest_total
