"""`tidegate explain`: which route, every rule in order, and the verdict, for one written request."""

import time
from pathlib import Path
from typing import Annotated

import typer

from console.explanation import Explanation, Target, judged
from console.keyring import UnreadableKeyring, read_keyring
from console.policy_file import loaded_policy
from console.settings import settings
from console.terminal import AsJson, command_app, say, write_json
from console.wording import aligned
from kernel.addresses import Address, client_of, identity_of_address, parse_address
from kernel.compile import compile_policy
from kernel.decide import Credential, Facts
from kernel.hashing import credential_digest
from kernel.matching import NO_ROUTE
from kernel.snapshot import Principal, Snapshot
from warehouse.exits import PROBLEMS_FOUND, CannotRun

UNKNOWN_HASH_KEY = bytes(16)  # canaries fall otherwise than in the gateway; told

app = command_app()


@app.command()
def explain_request(
    method: Annotated[str, typer.Argument(help="GET, POST, …", show_default=False)],
    path: Annotated[str, typer.Argument(help="The path, as a client sends it.", show_default=False)],
    policy: Annotated[Path, typer.Option(help="The policy file.", show_default=False)],
    host: Annotated[str, typer.Option(help="Value of the Host field.")] = "",
    address: Annotated[str, typer.Option(help="Address that the connection comes from.")] = "127.0.0.1",
    forwarded_for: Annotated[str, typer.Option(help="Value of X-Forwarded-For.")] = "",
    key: Annotated[str, typer.Option(help="API key that is sent.")] = "",
    consumer: Annotated[str, typer.Option(help="Consumer whose key is sent, instead of --key.")] = "",
    header: Annotated[
        list[str] | None, typer.Option(help="`Name: value`, for limits keyed by a header.")
    ] = None,
    body_bytes: Annotated[int, typer.Option(help="Declared Content-Length; -1: none.")] = -1,
    times: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="So many at one instant; the last is told.")
    ] = 1,
    data: Annotated[Path | None, typer.Option(help="Data directory, for the canaries' key.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell how one request would be judged: its route, every rule in order, and the verdict.

    Limits are fresh, and overlays are left out. Exit code 0: it is relayed; 1: it is refused;
    2: it cannot be told.
    """
    now = time.time()
    snapshot = snapshot_of(policy, hash_key_at(data or settings().data), now)
    client = client_of(address_of(address), forwarded_for, snapshot.trusted)
    principal, credential = credential_of(snapshot, key, consumer, now)
    facts = Facts(
        route=NO_ROUTE,
        client=client,
        identity=principal.identity if principal else identity_of_address(client),
        credential=credential,
        principal=principal,
        content_length=body_bytes,
        header_values=header_values(snapshot, header or []),
    )
    told = judged(Target(method, path, host), facts, snapshot, now=now, times=times)
    if as_json:
        write_json(told)
    else:
        show(told)
    if told.reason:
        raise typer.Exit(PROBLEMS_FOUND)


def hash_key_at(data: Path) -> bytes:
    """The gateway's hash key where it is known."""
    try:
        keyring = read_keyring(data)
    except UnreadableKeyring as trouble:
        raise CannotRun(str(trouble)) from trouble
    text = settings().hash_key or (keyring.hash_key if keyring else "")
    try:
        return bytes.fromhex(text) or UNKNOWN_HASH_KEY
    except ValueError:
        raise CannotRun("TIDEGATE_HASH_KEY is not hexadecimal") from None


def snapshot_of(policy: Path, hash_key: bytes, now: float) -> Snapshot:
    """The compiled policy. Raises CannotRun."""
    return compile_policy(*loaded_policy(policy, now), hash_key)


def address_of(text: str) -> Address:
    """An address. Raises CannotRun."""
    parsed = parse_address(text)
    if parsed is None:
        raise CannotRun(f"--address {text!r} is no IP address")
    return parsed


def credential_of(
    snapshot: Snapshot, key: str, consumer: str, now: float
) -> tuple[Principal | None, Credential]:
    """Who calls, by key or by name. Raises CannotRun for a consumer that the policy does not have."""
    if key:
        principal = snapshot.credentials.get(credential_digest(key.encode()))
    elif consumer:
        held = [each for each in snapshot.credentials.values() if each.consumer == consumer]
        if not held:
            known = ", ".join(each.name for each in snapshot.policy.consumers) or "none"
            raise CannotRun(f"no consumer {consumer!r} holds a key in the policy; its consumers: {known}")
        principal = max(held, key=lambda each: each.expires_at)
    else:
        return None, "none"
    if principal is None or principal.expires_at <= now:
        return None, "invalid"
    return principal, "valid"


def header_values(snapshot: Snapshot, written: list[str]) -> tuple[str, ...]:
    """Values of the headers that limits are keyed by, in the snapshot's order."""
    given: dict[str, str] = {}
    for line in written:
        name, separator, value = line.partition(":")
        if not separator:
            raise CannotRun(f"--header {line!r} is not `Name: value`")
        given[name.strip().lower()] = value.strip()
    return tuple(given.get(name.decode("latin-1"), "") for name in snapshot.limit_headers)


def show(told: Explanation) -> None:
    """The steps as a table, then the verdict in a sentence."""
    who = f"consumer {told.consumer!r}" if told.consumer else "nobody authenticated"
    say(f"{told.method} {told.path} from {told.client}: identity {told.identity}, {who}")
    steps = [(step.kind, step.name, step.mode, step.effect, step.detail) for step in told.steps]
    for line in aligned([("step", "rule", "mode", "effect", "detail"), *steps]):
        say(line)
    say(verdict_of(told))


def verdict_of(told: Explanation) -> str:
    """The verdict in a sentence."""
    which = f"the last of {told.times} ({told.admitted} were relayed) is " if told.times > 1 else ""
    shadows = f"; shadows that would refuse: {', '.join(told.would_refuse)}" if told.would_refuse else ""
    if not told.reason:
        return f"verdict: {which}relayed{shadows}"
    by = f" by {told.rule!r}" if told.rule else ""
    return f"verdict: {which}refused with {told.status} {told.reason}{by}{shadows}"
