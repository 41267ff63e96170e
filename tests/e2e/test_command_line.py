"""The command line as an operator meets it: every command, its documentation, what it imports."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from console.main import COMMANDS, Command, create_app
from console.settings import settings_of
from proxy.settings import data_directory
from warehouse.listening import Endpoint

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "command-line.md"
HEAVY = ("fastapi", "uvicorn", "numpy", "clickhouse_connect", "chdb", "sklearn", "scipy", "httpx2", "uvloop")
ASKED_FOR = {
    *("up", "demo", "proxy", "analytics", "warehouse", "check", "explain", "status", "findings"),
    *("keys", "import-log", "loop", "console", "decision", "alerts"),
    "dashboards",
    *("recommendations", "replay", "diff", "apply", "rollback", "marker", "backup", "restore"),
}

# Of processes: their options are documented with the process's own.
SUBCOMMANDS = {"analytics": ("once",), "dashboards": ("build", "push")}


def tidegate(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it as a process."""
    command = [sys.executable, "-m", "console.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)


def sections() -> dict[str, str]:
    """`tidegate NAME` headings of the document -> their text."""
    parts = re.split(r"^## `tidegate ([a-z-]+)[^`]*`.*$", DOCUMENT.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def own_options(command: Command) -> set[str]:
    """Every option of a command of the console, those of its subcommands included."""
    root = typer.main.get_command(importlib.import_module(command.module).app)
    commands = [root, *getattr(root, "commands", {}).values()]
    shown = [option for each in commands for option in each.params if not getattr(option, "hidden", False)]
    options = {name for option in shown for name in option.opts}
    return {name for name in options if name.startswith("--")}


def documented_options(command: Command) -> set[str]:
    """The options that a command's section names."""
    return set(re.findall(r"`(--[a-z-]+)", sections()[command.name]))


def name_of(command: Command) -> str:
    """For the tests' ids."""
    return command.name


def imported(source: str) -> set[str]:
    """What a process prints that runs `source`."""
    command = [sys.executable, "-c", source]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return set(shown.stdout.split())


def registered() -> set[str]:
    """The names that typer knows."""
    root = typer.main.get_command(create_app(lambda command, arguments: None))
    return set(getattr(root, "commands", {}))


def test_every_command_that_was_asked_for_is_registered() -> None:
    assert registered() == ASKED_FOR


def test_every_command_is_documented_and_nothing_else_is() -> None:
    assert set(sections()) == registered()


@pytest.mark.parametrize("command", COMMANDS, ids=name_of)
def test_every_command_documents_its_exit_codes(command: Command) -> None:
    assert "Exit codes" in sections()[command.name]


@pytest.mark.parametrize("command", [each for each in COMMANDS if not each.by_exec], ids=name_of)
def test_every_option_is_documented_and_nothing_else_is(command: Command) -> None:
    assert documented_options(command) == own_options(command) - {"--help"}


@pytest.mark.parametrize("command", [each for each in COMMANDS if each.by_exec], ids=name_of)
def test_every_option_of_a_process_is_documented_and_nothing_else_is(command: Command) -> None:
    shown = tidegate(command.name, "--help").stdout
    for each in SUBCOMMANDS.get(command.name, ()):
        shown += tidegate(command.name, each, "--help").stdout
    assert documented_options(command) == set(re.findall(r"(--[a-z][a-z-]+)", shown)) - {"--help"}


@pytest.mark.parametrize("name", ["check", "explain", "keys", "up"])
def test_a_command_imports_only_what_it_needs(name: str) -> None:
    module = next(command.module for command in COMMANDS if command.name == name)
    source = f"import sys, {module}; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    assert imported(source) == set()


def test_the_command_line_itself_imports_no_command() -> None:
    source = "import sys, console.main; print(*[name for name in sys.modules if name.startswith('console.')])"
    assert imported(source) == {"console.main", "console.extras", "console.terminal"}


def test_arguments_reach_the_command_unchanged() -> None:
    got: list[tuple[str, list[str]]] = []
    app = create_app(lambda command, arguments: got.append((command.name, arguments)))
    given = ["--policy", "a b.yaml", "--listen", "127.0.0.1:0", "--workers=2", "--help", "-x"]
    app(["proxy", *given], standalone_mode=False)
    assert got == [("proxy", given)]


def test_the_documented_data_directories_are_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIDEGATE_DATA", raising=False)
    text = DOCUMENT.read_text()
    assert f"`--data` (else `./{settings_of({}).data}`)" in text
    assert settings_of({"TIDEGATE_DATA": "/d"}).data == Path("/d")
    for name, default in (("demo", "./var/demo"), ("warehouse", "tidegate-data/warehouse")):
        shown = "".join(tidegate(name, "--help").stdout.replace("│", "").split())
        assert default in shown
        assert f"`{name}` (`./{default.removeprefix('./')}`)" in text
    alone = data_directory("", Endpoint("127.0.0.1", 8080)).relative_to(Path.cwd())
    assert f"(`./{str(alone).replace('8080', 'PORT')}`, so that" in text


def test_check_of_the_ten_lines_is_good() -> None:
    done = tidegate("check", "docs/examples/ten-lines.yaml")
    assert done.returncode == 0, done.stderr
    assert "good; revision" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("check", "/no/such/file"), 2, "no such file"),
        (("check",), 2, "tidegate check: FILE is missing (The policy file); see tidegate check --help"),
        (("loop", "pause"), 2, "tidegate loop pause: --reason is missing"),
        (("loop", "nonsense"), 2, "tidegate loop: no such command 'nonsense'; see tidegate loop --help"),
        (("proxy", "--workers", "two"), 2, "tidegate proxy: --workers: 'two' should be a valid integer"),
        (("analytics", "once", "--no-such"), 2, "tidegate analytics once: no such option: --no-such"),
        (("analytics", "--tick-ms", "1"), 2, "tidegate analytics: --tick-ms: '1' should be"),
        (("warehouse", "--listen"), 2, "tidegate warehouse: option '--listen' requires an argument"),
        (("demo", "--seed", "-1"), 2, "tidegate demo: --seed: '-1' should be"),
        (("console",), 2, "tidegate console: --policy is missing"),
        (("status", "--data", "/no/such/directory"), 2, "no gateway runs"),
        (("loop", "resume", "--data", "/no/such/directory"), 2, "no gateway runs"),
        (("import-log", "/no/such/file"), 2, "is no file"),
        (("findings", "--since", "yesterday"), 2, "is no time"),
        (("keys", "create", "a\\b"), 2, "is no name a policy can have"),
        (("nonsense",), 2, "tidegate: no such command 'nonsense'"),
        (("up", "--policy", "/no/such/file", "--data", "/tmp"), 2, "no such file"),
    ],
)
def test_operator_mistakes_get_a_message_never_a_traceback(
    arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = tidegate(*arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_version_is_told() -> None:
    assert re.fullmatch(r"tidegate \d+\.\d+\.\d+\n", tidegate("--version").stdout)
