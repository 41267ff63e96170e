"""The questions that are asked of the warehouse, one a file; parameters are bound as {name:Type}."""

from functools import cache
from importlib.resources import files


@cache
def load(name: str) -> str:
    """The SQL text of NAME.sql."""
    return files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
