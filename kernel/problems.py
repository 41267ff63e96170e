"""Problems of a policy: what is wrong, where, and what to do about it."""

import difflib
from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec

Severity = Literal["error", "warning"]
LONGEST_QUOTED = 60  # characters of an operator's text that a message repeats
LONGEST_COMPARED = 64  # difflib is quadratic; no name of ours is longer
MOST_PROBLEMS = 200  # a reader stops earlier


class Problem(msgspec.Struct, frozen=True):
    """One problem; errors stop a load, warnings do not. Line and column count from 1."""

    severity: Severity
    file: str
    line: int
    column: int
    field: str  # path of the field, `routes[2].upstream`; empty for the whole document
    what: str
    todo: str

    def text(self) -> str:
        """`policy.yaml:12:5 routes[2].upstream: no upstream is called 'shpo'. Did you mean 'shop'?`"""
        level = "warning: " if self.severity == "warning" else ""
        field = f"{self.field}: " if self.field else ""
        return f"{self.file}:{self.line}:{self.column} {level}{field}{self.what}. {self.todo}".rstrip()


def quoted(text: str) -> str:
    """An operator's text as a message shows it: escaped, and cut where it is long."""
    return repr(text if len(text) <= LONGEST_QUOTED else text[: LONGEST_QUOTED - 1] + "…")


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` is probably a misspelling of."""
    near = difflib.get_close_matches(name[:LONGEST_COMPARED], list(known), n=1, cutoff=0.6)
    return near[0] if near else None


def suggestion(name: str, known: Iterable[str], kind: str) -> str:
    """What to do about a name that nothing is called by."""
    names = sorted(set(known) - {""})
    near = closest(name, names)
    if near is not None:
        return f"Did you mean {quoted(near)}?"
    if not names:
        return f"There is no {kind} yet: declare one."
    more = ", …" if len(names) > 8 else ""
    return f"Known: {', '.join(names[:8])}{more}."


class Mark(NamedTuple):
    """A place in the text, counted from 1."""

    line: int
    column: int


class GaveUp(Exception):
    """The document was left before its end; the argument says why."""


class Report:
    """The problems found so far, and the place of each field by its path (`routes[2].upstream`)."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.marks: dict[str, Mark] = {"": Mark(1, 1)}
        self.problems: list[Problem] = []
        self._wrong: set[str] = set()

    @property
    def failed(self) -> bool:
        """Whether there is an error."""
        return any(problem.severity == "error" for problem in self.problems)

    def error(self, path: str, what: str, todo: str, mark: Mark | None = None) -> None:
        """Something that stops a load."""
        self._add("error", path, what, todo, mark)

    def warning(self, path: str, what: str, todo: str) -> None:
        """Something that is probably not meant."""
        self._add("warning", path, what, todo, None)

    def add(self, problem: Problem) -> None:
        """A problem that knows its place, and that says nothing against the rest of its field."""
        if len(self.problems) >= MOST_PROBLEMS:
            raise GaveUp(f"there are more than {MOST_PROBLEMS} problems")
        self.problems.append(problem)

    def is_wrong(self, path: str) -> bool:
        """Whether this field, or anything that holds it, has an error already."""
        while path:
            if path in self._wrong:
                return True
            path = around(path)
        return path in self._wrong

    def has_wrong_names(self, path: str) -> bool:
        """Whether an item of this list has no name that can be trusted: references to it are not judged."""
        return self.is_wrong(path) or any(
            wrong.startswith(f"{path}[") and wrong.endswith(("]", ".name")) for wrong in self._wrong
        )

    def _add(self, severity: Severity, path: str, what: str, todo: str, mark: Mark | None) -> None:
        """What follows from an error is not told: a field that is wrong gets no second problem."""
        if self.is_wrong(path):
            return
        line, column = mark or self.place(path)
        self.add(Problem(severity, self.file, line, column, path, what, todo))
        if severity == "error":
            self._wrong.add(path)

    def place(self, path: str) -> Mark:
        """The place of a field, or of the nearest thing around it that is written."""
        while path and path not in self.marks:
            path = around(path)
        return self.marks[path]


def around(path: str) -> str:
    """The path of what holds a field: `a[2].b` -> `a[2]` -> `a` -> ``."""
    return path[: max(path.rfind("."), path.rfind("["), 0)]
