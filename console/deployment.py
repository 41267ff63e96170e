"""The parts of a whole gateway on one machine, for `tidegate up` and the demo.

Order: the warehouse first, then who needs it; the proxy last, so that it stops first and its
telemetry is flushed while the warehouse still runs.
"""

from pathlib import Path

import msgspec

from console.keyring import Keyring
from console.supervisor import Listen, Part, Url

Environment = dict[str, str | Url]

WAREHOUSE_DIRECTORY = "warehouse"  # within the data directory
CONTROL_DIRECTORY = "control"  # the same
WAREHOUSE_USER = "default"  # ClickHouse's name for who may do everything


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
    alerts: Path | None = None  # alerts.yaml; None: nobody is told


def gateway_parts(deployment: Deployment) -> tuple[Part, ...]:
    """Warehouse (where embedded), control, analytics, proxy."""
    keyring = deployment.keyring
    # By environment: the URL holds a password, which `ps` would show.
    where: Environment = {"TIDEGATE_WAREHOUSE": deployment.warehouse_url or Url("warehouse")}
    others = (
        control_part(deployment, {**where, **keyring.to_console()}),
        analytics_part(deployment, {**where, **keyring.to_analytics()}),
        proxy_part(deployment, {**where, **keyring.to_proxy()}),
    )
    if deployment.warehouse_url:
        return others
    embedded = warehouse_part(
        deployment.data / WAREHOUSE_DIRECTORY,
        deployment.warehouse_listen,
        password=deployment.keyring.warehouse_password,
        disk_cap_mb=deployment.disk_cap_mb,
    )
    return (embedded, *others)


def warehouse_part(data: Path, listen: str, *, password: str, disk_cap_mb: int = 0) -> Part:
    """The embedded warehouse on a directory of its own; it asks for the password."""
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
        users={"warehouse": f"{WAREHOUSE_USER}:{password}"},
        environment={"TIDEGATE_WAREHOUSE": Url("warehouse")},
        stops_within_s=30.0,
    )


def control_part(deployment: Deployment, environment: Environment) -> Part:
    """The control endpoint, and the pages, which read the warehouse."""
    return Part(
        name="control",
        listens={"control": deployment.control},
        arguments=(
            *("-m", "console.main", "console"),
            *("--policy", str(deployment.policy)),
            *("--listen", Listen("control")),
            *("--data", str(deployment.data / CONTROL_DIRECTORY)),
        ),
        environment=environment,
    )


def analytics_part(deployment: Deployment, environment: Environment) -> Part:
    """Analytics: reads the warehouse, sets overlays through control, tells of what it finds."""
    alerts = ("--alerts", str(deployment.alerts)) if deployment.alerts else ()
    return Part(
        name="analytics",
        arguments=(
            *("-m", "analytics.main"),
            *("--control", Url("control")),
            *("--tenant", deployment.tenant),
            *alerts,
        ),
        environment=environment,
    )


def proxy_part(deployment: Deployment, environment: Environment) -> Part:
    """The data plane: follows control, writes to the warehouse."""
    return Part(
        name="proxy",
        listens={"proxy": deployment.listen, "manage": deployment.manage},
        arguments=(
            *("-m", "proxy.main"),
            *("--control", Url("control")),
            *("--listen", Listen("proxy")),
            *("--manage", Listen("manage")),
            *("--workers", str(deployment.workers)),
            *("--tenant", deployment.tenant),
            *("--data", str(deployment.data / "proxy")),
        ),
        environment=environment,
    )
