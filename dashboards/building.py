"""Writes what is generated: the boards' JSON and the alert rules."""

from collections.abc import Mapping
from pathlib import Path

from dashboards.alerts import RULES, to_yaml
from dashboards.boards import BOARDS
from dashboards.grafana import to_json

HERE = Path(__file__).parent
GENERATED = "generated"
RULES_FILE = "provisioning/alerting/rules.yaml"
BY_HAND = (
    "provisioning/datasources/tidegate.yaml",
    "provisioning/dashboards/tidegate.yaml",
    "provisioning/alerting/contact-point.yaml.example",
    "provisioning/alerting/policy.yaml.example",
)


def contents() -> Mapping[str, bytes]:
    """Path below the package -> what belongs there."""
    boards = {f"{GENERATED}/{board.uid}.json": to_json(board) for board in BOARDS}
    written = {path: (HERE / path).read_bytes() for path in BY_HAND}
    return {**written, **boards, RULES_FILE: to_yaml(RULES).encode()}


def drift(root: Path = HERE) -> list[str]:
    """The files below `root` that are not what the specs say, missing and needless ones among them."""
    wanted = contents()
    differing = [path for path, content in wanted.items() if _read(root / path) != content]
    needless = {f"{GENERATED}/{path.name}" for path in (root / GENERATED).glob("*.json")} - set(wanted)
    return sorted({*differing, *needless})


def write(root: Path = HERE) -> list[str]:
    """Makes the files below `root` what the specs say; the paths that changed."""
    changed = drift(root)
    wanted = contents()
    for path in changed:
        target = root / path
        if path in wanted:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(wanted[path])
        else:
            target.unlink()
    return changed


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
