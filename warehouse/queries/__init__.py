"""The SQL that the readers ask: one question a file, parameters bound as {name:Type}."""

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"[a-z0-9_]+")


class UnknownQuery(Exception):
    """There is no such file in warehouse/queries."""


@cache
def load(name: str) -> str:
    """The text of `warehouse/queries/NAME.sql`; raises UnknownQuery."""
    if not _NAME.fullmatch(name):
        raise UnknownQuery(name)
    try:
        return files(__name__).joinpath(f"{name}.sql").read_text()
    except FileNotFoundError:
        raise UnknownQuery(name) from None
