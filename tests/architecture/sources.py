"""The project's own source files, parsed: what the tests of this folder look at."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGES = ("kernel", "warehouse", "proxy", "analytics", "dashboards", "console", "notebooks", "lab")
AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef


class Source(NamedTuple):
    """One file: its path from the root (`proxy/native.py`), its text and its tree."""

    path: str
    text: str
    tree: ast.Module


@cache
def sources() -> tuple[Source, ...]:
    """Every source file of every package."""
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            text = path.read_text()
            found.append(Source(str(path.relative_to(ROOT)), text, ast.parse(text)))
    return tuple(found)


def functions(source: Source) -> Iterator[tuple[str, AnyFunction]]:
    """Every function of a file as (`path name`, node)."""
    for node in ast.walk(source.tree):
        if isinstance(node, AnyFunction):
            yield f"{source.path} {node.name}", node


def code_lines(source: Source, node: AnyFunction) -> int:
    """Lines of code of a function: docstring, comments and blank lines do not count."""
    lines = source.text.splitlines()
    body = node.body
    first = body[1:] if ast.get_docstring(node, clean=False) is not None else body
    if not first:
        return 1
    counted = range(first[0].lineno, (node.end_lineno or node.lineno) + 1)
    code = [
        number
        for number in counted
        if lines[number - 1].strip() and not lines[number - 1].strip().startswith("#")
    ]
    return len(code) + 1
