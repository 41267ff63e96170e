"""The SQL of panels: one question a file, with Grafana's macros. `@rollup` is the roll-up of rollup.sql."""

from functools import cache
from importlib.resources import files


@cache
def load(name: str) -> str:
    """The text of `dashboards/queries/NAME.sql`, its roll-up filled in; raises FileNotFoundError."""
    text = files(__name__).joinpath(f"{name}.sql").read_text().strip()
    return text.replace("@rollup", f"({load('rollup')})") if "@rollup" in text else text
