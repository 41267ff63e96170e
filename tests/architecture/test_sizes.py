"""Sizes and shapes: the tail, not the median, is what makes code hard to read."""

import ast

import pytest

from tests.architecture import exemptions
from tests.architecture.sources import AnyFunction, Source, code_lines, functions, sources

FUNCTION_LINES = 40
FILE_LINES = 400
NESTING = 3
PARAMETERS = 5
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "data", "info", "misc"}
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


def nesting(node: ast.AST, depth: int = 0) -> int:
    """Deepest nesting of blocks; `elif` is not one level deeper, an inner function starts anew."""
    deepest = depth
    for child in ast.iter_child_nodes(node):
        if isinstance(child, AnyFunction | ast.ClassDef | ast.Lambda):
            continue
        chained = isinstance(node, ast.If) and isinstance(child, ast.If) and child in node.orelse
        deepest = max(deepest, nesting(child, depth + (isinstance(child, BLOCKS) and not chained)))
    return deepest


def parameters(node: AnyFunction) -> int:
    """Number of parameters, `self` and `cls` aside."""
    names = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Whether a handler takes every exception."""
    named = handler.type
    return named is None or (isinstance(named, ast.Name) and named.id in ("Exception", "BaseException"))


def by_path(source: Source) -> str:
    return source.path


EACH_SOURCE = pytest.mark.parametrize("source", sources(), ids=by_path)


@EACH_SOURCE
def test_functions_fit_a_screen(source: Source) -> None:
    long = {name: code_lines(source, node) for name, node in functions(source)}
    too_long = {
        name: n for name, n in long.items() if n > FUNCTION_LINES and name not in exemptions.LONG_FUNCTIONS
    }
    assert not too_long


@EACH_SOURCE
def test_functions_do_not_nest_deeper_than_three(source: Source) -> None:
    deep = {name: nesting(node) for name, node in functions(source)}
    assert not {name: n for name, n in deep.items() if n > NESTING and name not in exemptions.DEEP_FUNCTIONS}


@EACH_SOURCE
def test_functions_take_at_most_five_parameters(source: Source) -> None:
    many = {name: parameters(node) for name, node in functions(source)}
    assert not {
        name: n for name, n in many.items() if n > PARAMETERS and name not in exemptions.MANY_PARAMETERS
    }


@EACH_SOURCE
def test_files_have_at_most_400_lines(source: Source) -> None:
    assert source.text.count("\n") <= FILE_LINES or source.path in exemptions.LONG_FILES


@EACH_SOURCE
def test_files_are_named_by_what_they_hold(source: Source) -> None:
    parts = source.path.removesuffix(".py").split("/")
    assert not BANNED_NAMES.intersection(parts)


@EACH_SOURCE
def test_broad_excepts_stand_in_the_listed_places_only(source: Source) -> None:
    broad = [
        node.lineno
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler) and is_broad(node)
    ]
    assert not broad or source.path in exemptions.BROAD_EXCEPTS, broad


@EACH_SOURCE
def test_nothing_is_global_and_nothing_is_imported_inside_a_function(source: Source) -> None:
    inner = [
        child.lineno
        for _, node in functions(source)
        for child in ast.walk(node)
        if isinstance(child, ast.Import | ast.ImportFrom | ast.Global)
    ]
    assert not inner


@EACH_SOURCE
def test_only_main_and_settings_read_the_environment(source: Source) -> None:
    reads = [
        node.lineno
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb")
    ]
    assert not reads or source.path.rsplit("/", 1)[-1] in ("main.py", "settings.py"), reads


@EACH_SOURCE
def test_public_things_have_docstrings(source: Source) -> None:
    if source.path.endswith("__init__.py") and not source.text.strip():
        return
    assert ast.get_docstring(source.tree), "the file says nothing of what it is for"
    bare = [
        node.name
        for node in ast.iter_child_nodes(source.tree)
        if isinstance(node, AnyFunction | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not bare


def test_every_exemption_is_still_needed() -> None:
    present = {source.path for source in sources()}
    measured = {name: (source, node) for source in sources() for name, node in functions(source)}
    assert all(code_lines(*measured[name]) > FUNCTION_LINES for name in exemptions.LONG_FUNCTIONS)
    assert all(nesting(measured[name][1]) > NESTING for name in exemptions.DEEP_FUNCTIONS)
    assert all(parameters(measured[name][1]) > PARAMETERS for name in exemptions.MANY_PARAMETERS)
    assert present.issuperset(exemptions.LONG_FILES)
    assert present.issuperset(exemptions.BROAD_EXCEPTS)
