"""`tidegate keys create NAME`: a new API key, shown once, with the lines for the policy."""

import base64
import secrets
from typing import Annotated

import msgspec
import typer

from console.terminal import AsJson, command_app, say, tell, write_json
from kernel.check_names import NAME, NAME_RULE
from kernel.hashing import credential_digest
from kernel.problems import quoted
from warehouse.exits import CannotRun

KEY_BYTES = 16  # 128 random bits: SHA-256 without salt or stretching is enough for these
PREFIX = "tg_"  # lets scanners for leaked secrets find it

app = command_app()


class NewKey(msgspec.Struct, frozen=True):
    """A key's text, which is stored nowhere, and what the policy holds of it."""

    name: str
    key: str
    sha256: str

    def policy_lines(self) -> str:
        """The consumer for the policy's list `consumers:`."""
        # In quotes: `off` and `12` are names, too. No name has a quote or a backslash.
        return f'- name: "{self.name}"\n  keys: [{{sha256: {self.sha256}}}]'


class Shown(msgspec.Struct, frozen=True):
    """What `--json` writes."""

    name: str
    key: str
    sha256: str
    policy: str


@app.callback()
def keys() -> None:
    """Make API keys."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="The consumer's name.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Make an API key of 128 random bits. It is shown once; the policy holds its SHA-256."""
    if not NAME.fullmatch(name):
        raise CannotRun(f"NAME: {quoted(name)} is no name a policy can have. {NAME_RULE}")
    made = make_key(name, secrets.token_bytes(KEY_BYTES))
    if as_json:
        write_json(Shown(made.name, made.key, made.sha256, made.policy_lines()))
        return
    tell("The key, shown only now (send it as X-Api-Key):")
    say(made.key)
    tell("For the policy, under `consumers:`:")
    say(made.policy_lines())


def make_key(name: str, random: bytes) -> NewKey:
    """A key from `random` bytes."""
    text = PREFIX + base64.urlsafe_b64encode(random).decode().rstrip("=")
    return NewKey(name, text, credential_digest(text.encode()).hex())
