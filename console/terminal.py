"""How commands speak: results on stdout, everything else on stderr."""

import sys
from typing import Annotated

import msgspec
import typer

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON to stdout, for programs.")]


def write_json(value: object) -> None:
    """A value as indented JSON on stdout."""
    say(msgspec.json.format(msgspec.json.encode(value)).decode())


def say(text: str = "") -> None:
    """A line of the result."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def tell(text: str) -> None:
    """A line beside the result: progress, warnings, errors."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def command_app() -> typer.Typer:
    """An app for one command; its exceptions reach `console.main.run`."""
    return typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=False)
