"""Route matching: a trie by path segments whose cost grows with the path, not with the policy.

A literal segment beats a parameter beats the rest of the path; the choice is made segment by
segment from the left, with backtracking, so `/a/{x}/c` is found beside `/a/b/d`.
Among routes of one template the one with the request's host beats one without a host,
then one that names the method beats one that takes every method.
"""

from collections.abc import Sequence
from typing import NamedTuple

PARAMETER = "{}"
REST = "*"
NO_ROUTE = -1
WRONG_METHOD = -2

# One leaf holds the routes of one template: (host, or "" for every host) -> method -> index;
# the method "" stands for every method.
Leaf = dict[str, dict[str, int]]


class Match(NamedTuple):
    """`route`: index of the matched route, or NO_ROUTE or WRONG_METHOD, and its parameters in order."""

    route: int
    parameters: tuple[str, ...]
    allow: tuple[str, ...] = ()  # with WRONG_METHOD: the methods that the path does take


class Pattern(NamedTuple):
    """What the matcher needs of a route."""

    path: str
    host: str
    methods: tuple[str, ...]


class Node:
    """A trie node; built once, never changed after the snapshot is published."""

    __slots__ = ("leaf", "literals", "parameter", "rest")

    def __init__(self) -> None:
        self.literals: dict[str, Node] = {}
        self.parameter: Node | None = None
        self.rest: Leaf | None = None
        self.leaf: Leaf | None = None


def segments(path: str) -> list[str]:
    """`/a/{b}/*` -> ['a', '{}', '*']; parameter names are dropped."""
    return [PARAMETER if part.startswith("{") else part for part in path.split("/")[1:]]


def parameter_names(path: str) -> tuple[str, ...]:
    """Names of a template's parameters in order; the rest is called `*`."""
    parts = path.split("/")[1:]
    return tuple(part.strip("{}") for part in parts if part.startswith("{") or part == REST)


class Matcher:
    """An immutable matcher over patterns; a match is the index of a pattern."""

    __slots__ = ("_exact", "_root")

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._root = Node()
        self._exact: dict[str, Leaf] = {}
        for index, pattern in enumerate(patterns):
            self._add(index, pattern)

    def _add(self, index: int, pattern: Pattern) -> None:
        node = self._root
        parts = segments(pattern.path)
        rest = parts[-1] == REST
        for part in parts[:-1] if rest else parts:
            if part == PARAMETER:
                node.parameter = node.parameter or Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(part, Node())
        if rest:
            node.rest = leaf = {} if node.rest is None else node.rest
        else:
            node.leaf = leaf = {} if node.leaf is None else node.leaf
        if not rest and PARAMETER not in parts:
            self._exact[pattern.path] = leaf
        methods = leaf.setdefault(pattern.host, {})
        for method in pattern.methods or ("",):
            methods.setdefault(method, index)

    def match(self, host: str, path: str, method: str) -> Match:
        """Match a normalised path (it begins with `/`); `host` is lower case without a port."""
        leaf = self._exact.get(path)
        if leaf is not None:
            index = choose(leaf, host, method)
            if index >= 0:
                return Match(index, ())
        allow: set[str] = set()
        found = descend(self._root, Wanted(path.split("/"), host, method, allow), 1)
        if found is not None:
            return found
        return Match(WRONG_METHOD if allow else NO_ROUTE, (), tuple(sorted(allow)))


class Wanted(NamedTuple):
    """What a descent looks for; `allow` collects the methods of paths that match but for it."""

    parts: list[str]
    host: str
    method: str
    allow: set[str]


def choose(leaf: Leaf, host: str, method: str) -> int:
    """Index of the leaf's route for (host, method), or NO_ROUTE."""
    for name in (host, "") if host else ("",):
        methods = leaf.get(name)
        if methods is not None:
            index = methods.get(method, methods.get("", NO_ROUTE))
            if index >= 0:
                return index
    return NO_ROUTE


def descend(node: Node, wanted: Wanted, depth: int) -> Match | None:
    """Depth-first search in order of precedence; at most 2 branches a segment, paths are capped."""
    if depth == len(wanted.parts):
        return settle(node.leaf, wanted, ())
    part = wanted.parts[depth]
    child = node.literals.get(part)
    if child is not None:
        found = descend(child, wanted, depth + 1)
        if found is not None:
            return found
    if node.parameter is not None and part:
        found = descend(node.parameter, wanted, depth + 1)
        if found is not None:
            return Match(found.route, (part, *found.parameters))
    return settle(node.rest, wanted, ("/".join(wanted.parts[depth:]),))


def settle(leaf: Leaf | None, wanted: Wanted, parameters: tuple[str, ...]) -> Match | None:
    """The leaf's route, or None after noting which methods it does take."""
    if leaf is None:
        return None
    index = choose(leaf, wanted.host, wanted.method)
    if index >= 0:
        return Match(index, parameters)
    for host, methods in leaf.items():
        if host in ("", wanted.host):
            wanted.allow.update(methods)
    return None
