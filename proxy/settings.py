"""What an operator can set, parsed once; only this file and `main` read the environment."""

import os
import secrets
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from kernel.clock import REAL_TIME, Tempo, parse_tempo
from warehouse.environment import secret
from warehouse.exits import CannotRun, without_password
from warehouse.listening import Endpoint, parse_endpoint

WAREHOUSE_URL = "http://127.0.0.1:8123"
ALONE = -1  # worker index of a proxy that nobody supervises
HASH_KEY_BYTES = range(16, 65)  # BLAKE2b takes a key of at most 64 bytes


class Credentials(msgspec.Struct, frozen=True):
    """Secrets, from the environment and its files only: a process list must not show them."""

    control_token: str = ""
    manage_token: str = ""
    hash_key: bytes = b""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of one proxy process. `worker` is ALONE, or the index within `workers`."""

    listen: Endpoint
    manage: Endpoint
    data: Path
    policy: Path | None = None
    control: str | None = None
    warehouse: str | None = None
    workers: int = 1
    worker: int = ALONE
    restarted: bool = False  # a supervisor started this worker again: last good policy will do
    name: str
    tenant: str = "default"
    drain_s: float = 10.0
    tempo: Tempo = REAL_TIME  # of the clock of limits and events: a replay's runs faster
    handlers: str = ""  # MODULE:ATTRIBUTE of an operator's FastAPI router

    @property
    def worker_name(self) -> str:
        """Name of this worker in telemetry."""
        return self.name if self.worker == ALONE else f"{self.name}-{self.worker}"

    @property
    def directory(self) -> Path:
        """What this worker alone writes to: spool, ledger, last good policy."""
        return self.data if self.worker == ALONE else self.data / f"worker-{self.worker}"


def parse_clock(text: str) -> Tempo:
    """The hidden option `--clock ORIGIN:STARTED:SCALE` of a replay; empty is real time."""
    try:
        return parse_tempo(text)
    except ValueError as problem:
        raise CannotRun(f"--clock {problem}") from None


def parse_credentials(environment: Mapping[str, str]) -> Credentials:
    """Read the secrets from the environment; the hash key is hexadecimal, 16 to 64 bytes."""
    text = secret(environment, "TIDEGATE_HASH_KEY")
    try:
        hash_key = bytes.fromhex(text)
    except ValueError:
        raise CannotRun("TIDEGATE_HASH_KEY is not hexadecimal; `openssl rand -hex 32` makes one") from None
    if text and len(hash_key) not in HASH_KEY_BYTES:
        raise CannotRun(f"TIDEGATE_HASH_KEY has {len(hash_key)} bytes; it must have 16 to 64")
    return Credentials(
        control_token=secret(environment, "TIDEGATE_CONTROL_TOKEN"),
        manage_token=secret(environment, "TIDEGATE_MANAGE_TOKEN"),
        hash_key=hash_key,
    )


def warehouse_url(given: str, environment: Mapping[str, str]) -> str:
    """The option, else the environment's, else the embedded warehouse's. Raises CannotRun."""
    return given or secret(environment, "TIDEGATE_WAREHOUSE") or WAREHOUSE_URL


def parse_warehouse(text: str) -> str | None:
    """A ClickHouse URL, or None for `none`."""
    if text == "none":
        return None
    if not text.startswith(("http://", "https://")):
        shown = without_password(text)
        raise CannotRun(f"--warehouse {shown!r} is neither an http:// or https:// URL nor `none`")
    return text


def data_directory(text: str, listen: Endpoint) -> Path:
    """The directory asked for, else one by the listening port, so that two proxies never share one."""
    if text:
        return Path(text).absolute()
    if listen.port == 0:
        return Path(tempfile.mkdtemp(prefix="tidegate-proxy-"))
    return Path(".tidegate", f"proxy-{listen.port}").absolute()


def default_name(listen: Endpoint) -> str:
    """A name that two proxies on one machine do not share."""
    return f"{socket.gethostname()}-{listen.port or secrets.token_hex(3)}"


def from_environment() -> tuple[Settings, Credentials]:
    """Settings of a gateway that an ASGI server hosts: TIDEGATE_POLICY and the like."""
    given = os.environ
    policy, control = given.get("TIDEGATE_POLICY", ""), given.get("TIDEGATE_CONTROL", "")
    if bool(policy) == bool(control):
        raise CannotRun("set one of TIDEGATE_POLICY and TIDEGATE_CONTROL")
    data = Path(given.get("TIDEGATE_DATA") or ".tidegate/asgi").absolute()
    settings = Settings(
        listen=Endpoint("", 0),  # the server's business
        manage=parse_endpoint(
            given.get("TIDEGATE_MANAGE") or "127.0.0.1:8081", "TIDEGATE_MANAGE", or_unix=True
        ),
        data=data,
        policy=Path(policy) if policy else None,
        control=control or None,
        warehouse=parse_warehouse(secret(given, "TIDEGATE_WAREHOUSE") or "none"),
        name=given.get("TIDEGATE_NAME") or f"{socket.gethostname()}-asgi",
        tenant=given.get("TIDEGATE_TENANT") or "default",
        handlers=given.get("TIDEGATE_HANDLERS", ""),
    )
    return settings, parse_credentials(given)


def kept_secret(path: Path) -> tuple[str, bool]:
    """The secret that a file holds, made at first (32 hex bytes, mode 0600): (secret, whether new)."""
    if path.exists():
        return path.read_text(encoding="ascii").strip(), False
    made = secrets.token_hex(32)
    path.touch(mode=0o600)
    path.write_text(made + "\n", encoding="ascii")
    return made, True
