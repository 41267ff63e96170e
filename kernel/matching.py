"""Route matching: a trie by path segments whose cost grows with the path, not with the policy.

A literal segment beats a parameter beats the rest of the path; the choice is made segment by
segment from the left, with backtracking, so `/a/{x}/c` is found beside `/a/b/d`.
Among routes of one template the one with the request's host beats one without a host,
then one that names the method beats one that takes every method.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

PARAMETER = "{}"
REST = "*"
NO_ROUTE = -1
WRONG_METHOD = -2

# One leaf holds the routes of one template: (host, or "" for every host) -> method -> index;
# the method "" stands for every method.
Leaf = dict[str, dict[str, int]]


class Match(msgspec.Struct, frozen=True, gc=False):
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
        """Match a normalised path (it begins with `/`); `host` is lower case without a port.

        Tried first without going back, literal before parameter: where that ends at a route, no
        other could come before it.
        """
        leaf = self._exact.get(path)
        if leaf is not None:
            index = choose(leaf, host, method)
            if index >= 0:
                return Match(index, ())
        node = self._root
        values: list[str] = []
        parts = iter(path.split("/"))
        next(parts)
        for part in parts:
            child = node.literals.get(part)
            if child is None:
                child = node.parameter
                if child is None or not part:
                    leaf = node.rest
                    values.append("/".join((part, *parts)))
                    break
                values.append(part)
            node = child
        else:
            leaf = node.leaf
        if leaf is not None:
            index = choose(leaf, host, method)
            if index >= 0:
                return Match(index, tuple(values))
        return self.search(host, path, method)

    def search(self, host: str, path: str, method: str) -> Match:
        """The whole search, going back where a branch ends at no route."""
        parts = path.split("/")
        allow: set[str] = set()
        for leaf, values in leaves(self._root, parts, 1):
            index = choose(leaf, host, method)
            if index >= 0:
                return Match(index, values)
            for name in {host, ""}:
                allow.update(leaf.get(name, ()))
        return Match(WRONG_METHOD if allow else NO_ROUTE, (), tuple(sorted(allow)))


def choose(leaf: Leaf, host: str, method: str) -> int:
    """Index of the leaf's route for (host, method), or NO_ROUTE."""
    if host:
        methods = leaf.get(host)
        if methods is not None:
            index = methods.get(method, NO_ROUTE)
            if index < 0:
                index = methods.get("", NO_ROUTE)
            if index >= 0:
                return index
    methods = leaf.get("")
    if methods is None:
        return NO_ROUTE
    index = methods.get(method, NO_ROUTE)
    return index if index >= 0 else methods.get("", NO_ROUTE)


def leaves(node: Node, parts: list[str], depth: int) -> Iterator[tuple[Leaf, tuple[str, ...]]]:
    """Leaves that take a path, in order of precedence; each node of the trie is visited once at most."""
    if depth == len(parts):
        if node.leaf is not None:
            yield node.leaf, ()
        return
    part = parts[depth]
    child = node.literals.get(part)
    if child is not None:
        yield from leaves(child, parts, depth + 1)
    if node.parameter is not None and part:
        for leaf, values in leaves(node.parameter, parts, depth + 1):
            yield leaf, (part, *values)
    if node.rest is not None:
        yield node.rest, ("/".join(parts[depth:]),)
