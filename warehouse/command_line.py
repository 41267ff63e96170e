"""How every command and process is started: what the operator wrote wrong is told in one line
(`tidegate loop pause: --reason is missing; see tidegate loop pause --help`), exit code 2."""

import sys
from collections.abc import Callable, Sequence

import typer

from warehouse.exits import COULD_NOT_RUN, GOOD

# click's UsageError, which typer has without a name of its own.
USAGE: type[typer.BadParameter] = typer.BadParameter.__mro__[1]
PYDANTICS_WORDS = "Input "  # typer's own checks begin so: `Input should be a valid integer, …`


def write_complaint(text: str) -> None:
    """To standard error."""
    sys.stderr.write(text)


def run_command(
    app: typer.Typer,
    arguments: Sequence[str],
    name: str,
    complain: Callable[[str], object] = write_complaint,
) -> int:
    """Run a command, called `name` in what it tells; its exit code. Lets CannotRun through."""
    command = typer.main.get_command(app)
    try:
        code = command.main(list(arguments), prog_name=name, standalone_mode=False)
    except USAGE as mistake:
        complain(f"{in_one_line(mistake, name)}\n")
        return COULD_NOT_RUN
    return code if isinstance(code, int) else GOOD


def command_of(function: Callable[..., object]) -> typer.Typer:
    """The app of a process that has one command."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(function)
    return app


def in_one_line(mistake: typer.BadParameter, name: str) -> str:
    """What is wrong, in which command, and where to read on."""
    path = mistake.ctx.command_path if mistake.ctx else name
    return f"{path}: {' '.join(wrong(mistake).split()).rstrip('.')}; see {path} --help"


def wrong(mistake: typer.BadParameter) -> str:
    """What is wrong with which option or argument."""
    text = mistake.format_message()
    parameter = getattr(mistake, "param", None)
    if parameter is None:
        return text[:1].lower() + text[1:]
    called = max(parameter.opts, key=len)
    if not called.startswith("-"):
        called = called.upper()
    if text.startswith("Missing"):
        about = getattr(parameter, "help", None)
        return f"{called} is missing ({about.rstrip('.')})" if about else f"{called} is missing"
    value, said = written(mistake.__cause__), mistake.message
    if value is not None and said.startswith(PYDANTICS_WORDS):
        return f"{called}: {value!r} {said.removeprefix(PYDANTICS_WORDS).partition(',')[0]}"
    return f"{called}: {said}"


def written(cause: BaseException | None) -> str | None:
    """The value as the operator wrote it, where pydantic refused it."""
    details = getattr(cause, "errors", None)
    return str(details()[0]["input"]) if callable(details) else None
