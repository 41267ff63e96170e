"""The matcher equals a naive oracle, and its cost does not grow with the policy."""

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.matching import NO_ROUTE, WRONG_METHOD, Match, Matcher, Node, Pattern

SEGMENTS = st.sampled_from(["a", "b", "c", "{x}", "{y}", ""])
METHODS = st.sampled_from([(), (), ("GET",), ("PUT",), ("GET", "PUT")])
HOSTS = st.sampled_from(["", "", "one.example", "two.example"])


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    """A template of up to four segments, perhaps with a rest; only the last segment may be empty."""
    inner = [part for part in draw(st.lists(SEGMENTS, max_size=3)) if part]
    last = draw(st.sampled_from(["*", "", "a", "b", "{z}"]))
    return Pattern("/" + "/".join([*inner, last]), draw(HOSTS), draw(METHODS))


PATHS = st.lists(st.sampled_from(["a", "b", "c", "d", ""]), min_size=1, max_size=5).map(
    lambda parts: "/" + "/".join(parts)
)
ASKED = st.tuples(
    st.sampled_from(["", "one.example", "three.example"]), PATHS, st.sampled_from(["GET", "PUT", "POST"])
)


def rank(template: str, path: str) -> tuple[list[int], tuple[str, ...]] | None:
    """How a template takes a path, segment by segment (literal 0, parameter 1, rest 2), and what it takes."""
    wanted, parts = template.split("/")[1:], path.split("/")[1:]
    kinds: list[int] = []
    values: list[str] = []
    for index, segment in enumerate(wanted):
        if segment == "*":
            if len(parts) <= index:
                return None
            return [*kinds, 2], (*values, "/".join(parts[index:]))
        if index >= len(parts):
            return None
        if segment.startswith("{"):
            if not parts[index]:
                return None
            kinds.append(1)
            values.append(parts[index])
        elif segment == parts[index]:
            kinds.append(0)
        else:
            return None
    return (kinds, tuple(values)) if len(wanted) == len(parts) else None


def oracle(routes: list[Pattern], host: str, path: str, method: str) -> Match:
    """Every route is looked at: the best is by template from the left, then host, method, order."""
    fitting = []
    allow: set[str] = set()
    for index, route in enumerate(routes):
        taken = rank(route.path, path)
        if taken is None or route.host not in ("", host):
            continue
        allow.update(route.methods)
        if not route.methods or method in route.methods:
            kinds, values = taken
            fitting.append(((kinds, route.host == "", not route.methods, index), values))
    if fitting:
        (_, _, _, index), values = min(fitting)
        return Match(index, values)
    return Match(WRONG_METHOD if allow else NO_ROUTE, (), tuple(sorted(allow)))


@settings(max_examples=600)
@given(st.lists(patterns(), max_size=12), st.lists(ASKED, min_size=1, max_size=8))
def test_the_matcher_equals_an_oracle_that_looks_at_every_route(
    routes: list[Pattern], asked: list[tuple[str, str, str]]
) -> None:
    matcher = Matcher(routes)
    for host, path, method in asked:
        assert matcher.match(host, path, method) == oracle(routes, host, path, method)


class Counted(dict[str, Node]):
    """Literals of a node; counts how often it is asked, which is once per visit of the node."""

    visits = 0

    def get(self, key: str, default: object = None) -> object:  # type: ignore[override]  # counts, too
        self.visits += 1
        return super().get(key, default)


def nodes(node: Node) -> Iterator[Node]:
    """A node and all below it."""
    yield node
    for child in node.literals.values():
        yield from nodes(child)
    if node.parameter is not None:
        yield from nodes(node.parameter)


def visits(routes: list[Pattern], host: str, path: str, method: str) -> list[int]:
    """How often each node that was visited was visited."""
    matcher = Matcher(routes)
    every = list(nodes(matcher._root))
    for node in every:
        node.literals = Counted(node.literals)
    matcher.match(host, path, method)
    counted = [node.literals.visits for node in every if isinstance(node.literals, Counted)]
    return [count for count in counted if count]


UNRELATED = [Pattern(f"/svc{number}/{{id}}/items/*", "", ("GET",)) for number in range(1_000)]


@settings(max_examples=25)
@given(st.lists(patterns(), max_size=12), ASKED)
def test_a_thousand_more_routes_cost_no_further_visit(
    routes: list[Pattern], asked: tuple[str, str, str]
) -> None:
    assert sum(visits([*routes, *UNRELATED], *asked)) <= sum(visits(routes, *asked)) + 1


@given(st.lists(patterns(), max_size=30), ASKED)
def test_a_match_visits_each_node_twice_at_most_and_no_more_than_the_path_can_branch(
    routes: list[Pattern], asked: tuple[str, str, str]
) -> None:
    counted = visits(routes, *asked)
    depth = asked[1].count("/")
    assert all(count <= 2 for count in counted)
    assert sum(counted) <= 2 ** (depth + 1) + depth
