"""What each extra of the distribution brings: a part that needs one which is not installed says so.

Nothing is imported to find out: a part's process imports what it needs, ours must not.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import Final

from warehouse.exits import CannotRun

# Top-level modules of the distributions that pyproject.toml lists; a test compares.
_SERVER: Final = ("fastapi", "uvicorn", "uvloop", "httptools")
_CLIENT: Final = ("clickhouse_connect", "_ch_core")
EXTRAS: Final[Mapping[str, tuple[str, ...]]] = {
    "proxy": (*_SERVER, *_CLIENT, "httpx2", "prometheus_client"),
    "analytics": (*_CLIENT, "httpx2", "numpy", "scipy"),
    "console": (*_SERVER, *_CLIENT, "httpx2", "jinja2"),
    "embedded": (*_SERVER, *_CLIENT, "chdb", "lz4", "python_multipart"),
}
# The extra of each part, by the module that is run.
EXTRA_OF: Final[Mapping[str, str]] = {
    "proxy.main": "proxy",
    "analytics.main": "analytics",
    "console.main": "console",
    "warehouse.main": "embedded",
}

IsThere = Callable[[str], bool]


def is_there(module: str) -> bool:
    """Whether a top-level module can be imported."""
    return find_spec(module) is not None


def require(extras: Iterable[str], found: IsThere = is_there) -> None:
    """Raises CannotRun with what is missing of these extras and how to get it, in one line."""
    missing = {extra: [name for name in EXTRAS[extra] if not found(name)] for extra in dict.fromkeys(extras)}
    wanted = [extra for extra, names in missing.items() if names]
    if not wanted:
        return
    modules = list(dict.fromkeys(name for names in missing.values() for name in names))
    verb = "is" if len(modules) == 1 else "are"
    raise CannotRun(
        f"{', '.join(modules)} {verb} not installed, but needed here:"
        f" pip install 'tidegate[{','.join(wanted)}]'"
    )


def extras_of(commands: Iterable[Sequence[object]]) -> list[str]:
    """The extras of processes that are started with these arguments (`-m MODULE …`)."""
    modules = [str(arguments[1]) for arguments in commands if tuple(arguments[:1]) == ("-m",)]
    return [EXTRA_OF[module] for module in modules if module in EXTRA_OF]
