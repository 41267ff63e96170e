"""Problems of a policy: what is wrong, where, and what to do about it."""

import difflib
from collections.abc import Iterable
from typing import Literal

import msgspec

Severity = Literal["error", "warning"]
LONGEST_QUOTED = 60  # characters of an operator's text that a message repeats
LONGEST_COMPARED = 64  # difflib is quadratic; no name of ours is longer


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
