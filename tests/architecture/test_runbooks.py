"""The runbooks: one for each finding's kind and each alert, and all that they name is there."""

import ast
import importlib
import re
from functools import cache
from pathlib import Path
from typing import get_args

import click
import pytest
import typer
from clickhouse_connect.driver.client import Client
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from analytics.objectives import RULES
from analytics.registry import detectors
from analytics.series import Rows
from analytics.windows import Scopes
from console.main import COMMANDS
from console.state import open_state
from console.tokens import Tokens
from console.web.boards import slug_of
from console.web.pages import add_pages
from dashboards.boards import BOARDS
from kernel.recommendations import Kind
from proxy.management import Worker, management_app
from tests.architecture.sources import ROOT, sources
from tests.console.policies import ADAPTIVE, Clock
from tests.proxy.around import gateway_with

RUNBOOKS = ROOT / "docs" / "runbooks"
INDEX = RUNBOOKS / "README.md"
PAGES = sorted(page for page in RUNBOOKS.glob("*.md") if page != INDEX)
TEMPLATES = ROOT / "console" / "web" / "templates"
OPERATIONS = ROOT / "docs" / "operations.md"
COMMAND_LINE = ROOT / "docs" / "command-line.md"
SECTIONS = [
    "What it means",
    "How sure it is",
    "Look first",
    "Do",
    "When it is a false alarm",
    "How it ends",
]
LEAST_LINES, MOST_LINES = 20, 45
KINDS = {each.card.kind for each in detectors(Scopes(), Rows())}


def conditions() -> set[str]:
    """The names of every Condition that analytics makes, read from its sources."""
    calls = [
        node
        for source in sources()
        if source.path.startswith("analytics/")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Condition"
    ]
    given = [word.value for call in calls for word in call.keywords if word.arg == "name"]
    return {str(name.value) for name in given if isinstance(name, ast.Constant)}


def commands_of(page: Path) -> list[list[str]]:
    """What stands after `tidegate` in each command of a page, up to its first value."""
    return [each.split() for each in re.findall(r"`tidegate ([^`]+)`", page.read_text())]


@cache
def section_of(name: str) -> str:
    """What the command line's page says of a command."""
    _, found, after = COMMAND_LINE.read_text().partition(f"\n## `tidegate {name}")
    assert found, name
    return after.partition("\n## ")[0]


def check_options(words: list[str], known: set[str]) -> None:
    """Each option of a command is among those known."""
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert given <= known, " ".join(words)


def check_command(words: list[str]) -> None:
    """A command is there, its subcommand and its options too."""
    command = next((each for each in COMMANDS if each.name == words[0]), None)
    assert command is not None, words[0]
    if command.by_exec:
        check_options(words, set(re.findall(r"--[a-z-]+", section_of(command.name))))
        return
    found = typer.main.get_command(importlib.import_module(command.module).app)
    subcommands: dict[str, click.Command] = getattr(found, "commands", {})
    named = next((word for word in words[1:] if word in subcommands), "")
    is_alone = getattr(found, "invoke_without_command", True)
    assert named or is_alone, " ".join(words)
    options = [*found.params, *(subcommands[named].params if named else ())]
    check_options(words, {name for option in options for name in option.opts})


def paths_of(app: FastAPI) -> set[str]:
    """What an application serves to GET."""
    routes: list[BaseRoute] = list(app.routes)
    return {each.path for each in routes if isinstance(each, APIRoute) and "GET" in (each.methods or ())}


async def served(directory: Path) -> set[str]:
    """Every page of the console, boards by name, and what a proxy's management answers."""
    (directory / "policy.yaml").write_text(ADAPTIVE)
    clock = Clock()
    state = open_state(directory / "control.sqlite", directory / "policy.yaml", clock)
    app = FastAPI()
    add_pages(app, state, Tokens([]), "", clock=clock)
    await state.close()
    boards = {f"/boards/{slug_of(board)}" for board in BOARDS}
    return paths_of(app) | boards | paths_of(management_app(Worker(gateway_with()), "token"))


def titles() -> set[str]:
    """Titles of panels and boards, and every word that a page of the console shows."""
    panels = {panel.title for board in BOARDS for panel in board.panels}
    shown = "".join(page.read_text() for page in TEMPLATES.glob("*.html"))
    return panels | {text.strip() for text in re.findall(r">([^<>{}]+)", shown)}


def alerts() -> set[str]:
    """The names of alerts that are about no finding."""
    return conditions() | {rule.name for rule in RULES}


def test_there_is_one_for_each_kind_and_each_alert_and_none_is_left_over() -> None:
    assert {"telemetry-lost", "loop-paused", "burn-rate-fast"} <= alerts()
    assert {page.stem for page in PAGES} == KINDS | alerts()


def test_every_alert_is_in_the_table_of_operations_and_nothing_else_is() -> None:
    _, _, after = OPERATIONS.read_text().partition("\n| alert |")
    table, _, _ = after.partition("\n\n")
    assert set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)) == alerts()


def test_the_index_names_each_page_once() -> None:
    assert sorted(re.findall(r"^\| \[[a-z-]+\]\(([a-z-]+)\.md\) \|", INDEX.read_text(), re.MULTILINE)) == [
        page.stem for page in PAGES
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_answers_each_question_in_order_and_in_short(page: Path) -> None:
    text = page.read_text()
    assert text.startswith(f"# {page.stem}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    assert LEAST_LINES <= len(text.splitlines()) <= MOST_LINES
    assert re.search(r"\bundo(es|ne)?\b", text, re.IGNORECASE), "how is it taken back?"


@pytest.mark.parametrize("page", [*PAGES, INDEX], ids=lambda page: page.stem)
def test_every_command_is_there(page: Path) -> None:
    commands = commands_of(page)
    assert commands or page == INDEX
    for words in commands:
        check_command(words)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_finding_that_is_none_can_be_said_so(kind: str) -> None:
    assert "`tidegate findings label ID legitimate" in (RUNBOOKS / f"{kind}.md").read_text()


async def test_every_page_of_the_console_is_there(tmp_path: Path) -> None:
    there = await served(tmp_path)
    assert {"/findings", "/boards/route", "/livez"} <= there
    for page in [*PAGES, INDEX]:
        named = set(re.findall(r"`(/[a-z/]*)`", page.read_text()))
        assert named <= there, page.stem


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_panel_is_there(page: Path) -> None:
    named = re.findall(r"(?<!\*)\*([A-Z][^*]+)\*(?!\*)", page.read_text())
    assert set(named) <= titles()


def test_every_question_to_the_warehouse_runs(warehouse_client: Client) -> None:
    asked = [sql for page in PAGES for sql in re.findall(r"`(SELECT [^`]+)`", page.read_text())]
    assert asked
    for sql in asked:
        assert warehouse_client.query(sql).result_rows == []


def test_every_kind_of_recommendation_is_told_of() -> None:
    told = "".join(page.read_text() for page in [*PAGES, INDEX])
    assert not {kind for kind in get_args(Kind) if f"`{kind}`" not in told}
