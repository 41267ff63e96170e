"""What the demo runs on: the upstream, and a whole gateway with the embedded warehouse, as processes."""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from console.deployment import Deployment, gateway_parts
from console.keyring import Keyring, write_private
from console.supervisor import Listen, Part, Supervisor, with_free_ports
from lab.policies import alerts_file

UPSTREAM = "upstream"
ANY_PORT = "127.0.0.1:0"
# What a clock that others share is told by; see kernel.clock.
CLOCKED = ("control", "analytics", "proxy")

Heard = Callable[[str, str], None]


class Hook(msgspec.Struct, frozen=True):
    """A webhook's receiver: where it listens, and the secret that it shares with who sends."""

    url: str
    secret: str


class Staging(msgspec.Struct, frozen=True, kw_only=True):
    """What to start. `upstream` are the arguments of the upstream's process after `-m`.

    `clock` is given to every process with a clock of its own, empty for real time; `hook`: who is told
    of alerts, None: nobody.
    """

    data: Path
    policy: Callable[[str], str]  # from the upstream's URL
    keyring: Keyring
    upstream: tuple[str | Listen, ...]
    clock: str = ""
    hook: Hook | None = None


def upstream_part(staging: Staging, listen: str) -> Part:
    """The upstream as a part of the supervisor's."""
    return Part(
        name=UPSTREAM,
        listens={UPSTREAM: listen},
        arguments=("-m", *staging.upstream, "--listen", Listen(UPSTREAM)),
        stops_within_s=5.0,
    )


def clocked(part: Part, clock: str) -> Part:
    """The part with the shared clock, where it has one and one is shared."""
    if not clock or part.name not in CLOCKED:
        return part
    return msgspec.structs.replace(part, arguments=(*part.arguments, "--clock", clock))


def written_alerts(staging: Staging, *, console_url: str) -> Path | None:
    """The file that tells analytics of the receiver, and the secret's beside it, which only we can read."""
    if staging.hook is None:
        return None
    secret, alerts = staging.data / "alerts.secret", staging.data / "alerts.yaml"
    write_private(secret, staging.hook.secret.encode())
    alerts.write_text(alerts_file(staging.hook.url, secret, console_url=console_url))
    return alerts


def staged(staging: Staging, environment: Mapping[str, str], heard: Heard) -> Supervisor:
    """A supervisor, not yet started; writes the policy. Raises OSError."""
    listens = with_free_ports({UPSTREAM: ANY_PORT, "control": ANY_PORT})
    listen = listens[UPSTREAM]
    staging.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    policy = staging.data / "policy.yaml"
    policy.write_text(staging.policy(f"http://{listen}"))
    deployment = Deployment(
        policy=policy,
        data=staging.data,
        keyring=staging.keyring,
        listen=ANY_PORT,
        manage=ANY_PORT,
        control=listens["control"],
        warehouse_listen=ANY_PORT,
        alerts=written_alerts(staging, console_url=f"http://{listens['control']}"),
    )
    parts: Iterable[Part] = (upstream_part(staging, listen), *gateway_parts(deployment))
    return Supervisor(
        staging.data,
        [clocked(part, staging.clock) for part in parts],
        environment=environment,
        heard=heard,
        clock=time.time,
    )
