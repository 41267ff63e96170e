"""The parts of a whole gateway on one machine, for `tidegate up` and the demo.

Order: the warehouse first, then who needs it; the proxy last, so that it stops first and its
telemetry is flushed while the warehouse still runs.
"""

from pathlib import Path

import msgspec

from console.keyring import Keyring
from console.supervisor import Listen, Part, Url

Arguments = tuple[str | Listen | Url, ...]


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """What to run. `warehouse_url` empty: the embedded warehouse on `warehouse_listen`.

    Port 0 is any free port. Listeners are called warehouse, control, proxy and manage.
    """

    policy: Path
    data: Path
    keyring: Keyring
    tenant: str = "default"
    listen: str = "127.0.0.1:8080"
    manage: str = "127.0.0.1:8081"
    control: str = "127.0.0.1:8090"
    warehouse_listen: str = "127.0.0.1:8123"
    warehouse_url: str = ""
    workers: int = 1
    disk_cap_mb: int = 0  # 0: the warehouse's own default


def gateway_parts(deployment: Deployment) -> tuple[Part, ...]:
    """Warehouse (where embedded), control, analytics, proxy."""
    external = deployment.warehouse_url
    secrets = deployment.keyring.to_environment()
    # By environment where it is elsewhere: such a URL may hold a password, which `ps` would show.
    where: Arguments = () if external else ("--warehouse", Url("warehouse"))
    environment = {**secrets, "TIDEGATE_WAREHOUSE": external} if external else secrets
    others = (
        control_part(deployment, secrets),
        analytics_part(deployment, where, environment),
        proxy_part(deployment, where, environment),
    )
    if external:
        return others
    embedded = warehouse_part(
        deployment.data / "warehouse", deployment.warehouse_listen, disk_cap_mb=deployment.disk_cap_mb
    )
    return (embedded, *others)


def warehouse_part(data: Path, listen: str, *, disk_cap_mb: int = 0) -> Part:
    """The embedded warehouse on a directory of its own."""
    cap = ("--disk-cap-mb", str(disk_cap_mb)) if disk_cap_mb else ()
    return Part(
        name="warehouse",
        listens={"warehouse": listen},
        arguments=(
            *("-m", "warehouse.main"),
            *("--listen", Listen("warehouse")),
            *("--data", str(data)),
            *cap,
        ),
        stops_within_s=30.0,
    )


def control_part(deployment: Deployment, secrets: dict[str, str]) -> Part:
    """The control endpoint."""
    return Part(
        name="control",
        listens={"control": deployment.control},
        arguments=(
            *("-m", "console.main", "control"),
            *("--policy", str(deployment.policy)),
            *("--listen", Listen("control")),
            *("--data", str(deployment.data / "control")),
        ),
        environment=secrets,
    )


def analytics_part(deployment: Deployment, where: Arguments, environment: dict[str, str]) -> Part:
    """Analytics: reads the warehouse, sets overlays through control."""
    return Part(
        name="analytics",
        arguments=(
            *("-m", "analytics.main"),
            *where,
            *("--control", Url("control")),
            *("--tenant", deployment.tenant),
        ),
        environment=environment,
    )


def proxy_part(deployment: Deployment, where: Arguments, environment: dict[str, str]) -> Part:
    """The data plane: follows control, writes to the warehouse."""
    return Part(
        name="proxy",
        listens={"proxy": deployment.listen, "manage": deployment.manage},
        arguments=(
            *("-m", "proxy.main"),
            *("--control", Url("control")),
            *("--listen", Listen("proxy")),
            *("--manage", Listen("manage")),
            *where,
            *("--workers", str(deployment.workers)),
            *("--tenant", deployment.tenant),
            *("--data", str(deployment.data / "proxy")),
        ),
        environment=environment,
    )
