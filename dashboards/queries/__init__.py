"""The SQL of panels: one question a file, with Grafana's macros. `@rollup` is the roll-up of rollup.sql,
`@unrouted` what no route took, of unrouted.sql."""

from functools import cache
from importlib.resources import files

PARTS = ("rollup", "unrouted")


@cache
def load(name: str) -> str:
    """The text of `dashboards/queries/NAME.sql`, its parts filled in; raises FileNotFoundError."""
    text = files(__name__).joinpath(f"{name}.sql").read_text().strip()
    for part in PARTS:
        if f"@{part}" in text:
            text = text.replace(f"@{part}", f"({load(part)})")
    return text
