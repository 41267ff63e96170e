"""Where Grafana is and who pushes, from the environment."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from warehouse.environment import secret
from warehouse.exits import CannotRun


class Settings(msgspec.Struct, frozen=True):
    """Grafana's URL and a service account's token; empty where nobody says."""

    url: str
    token: str


def settings_of(environment: Mapping[str, str], *, url: str = "", token_file: Path | None = None) -> Settings:
    """What the options say, else the environment. Raises CannotRun for a file that cannot be read."""
    url = url or environment.get("TIDEGATE_GRAFANA", "")
    if token_file is None:
        return Settings(url, secret(environment, "TIDEGATE_GRAFANA_TOKEN"))
    try:
        return Settings(url, token_file.read_text().strip())
    except (OSError, UnicodeDecodeError) as problem:
        raise CannotRun(f"--token-file {token_file}: {problem}") from None


def check(settings: Settings) -> None:
    """Raises CannotRun that says what is missing."""
    if not settings.url.startswith(("http://", "https://")):
        raise CannotRun("Grafana's URL is missing: give --grafana http://HOST:3000 or set TIDEGATE_GRAFANA")
    if not settings.token:
        raise CannotRun(
            "a token is missing: set TIDEGATE_GRAFANA_TOKEN (or …_FILE), or give --token-file FILE"
        )
