"""The documents: what an operator can set, call or be told is in them, and they point at what is there.

Commands and their options are compared in tests/e2e/test_command_line.py, fields of the policy in
tests/kernel/test_policy.py, options and metrics of the proxy in tests/proxy, rows of the demo in tests/lab.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from analytics.registry import detectors
from analytics.series import Rows
from analytics.windows import Scopes
from console.control import create_app
from console.state import open_state
from console.tokens import Tokens
from kernel.check import read_policy
from proxy.management import Worker, management_app
from tests.architecture.sources import ROOT, sources
from tests.console.policies import ADAPTIVE, Clock
from tests.proxy.around import gateway_with

DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
TEN_LINES = DOCS / "examples" / "ten-lines.yaml"
LINK = re.compile(r"\]\((?!https?://)([^)#]*)(?:#([^)]+))?\)")


def endpoints(routes: Iterable[BaseRoute]) -> set[tuple[str, str]]:
    """(method, path) of everything that an app serves."""
    served = [route for route in routes if isinstance(route, APIRoute)]
    return {(method, route.path) for route in served for method in route.methods or ()}


def anchors(page: Path) -> set[str]:
    """What a link can name in a page, as GitHub makes it of headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def yaml_of(page: Path) -> str:
    """The first policy that stands in a page."""
    found = re.search(r"```yaml\n(.*?)```", page.read_text(), flags=re.DOTALL)
    assert found is not None
    return found[1]


def test_every_variable_of_the_environment_is_documented() -> None:
    pages = "".join(page.read_text() for page in PAGES)
    read = {name for source in sources() for name in re.findall(r"TIDEGATE_[A-Z_]*[A-Z]", source.text)}
    assert "TIDEGATE_HASH_KEY" in read
    assert not {name for name in read if f"`{name}`" not in pages}


def test_every_kind_of_finding_is_documented_and_nothing_else_is() -> None:
    rows = re.findall(
        r"^\| [A-Z]\d+ [^|]*\| `([a-z-]+)` \|", (DOCS / "detectors.md").read_text(), re.MULTILINE
    )
    assert set(rows) == {each.card.kind for each in detectors(Scopes(), Rows())}


async def test_every_endpoint_of_control_is_documented_and_nothing_else_is(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(ADAPTIVE)
    state = open_state(tmp_path / "control.sqlite", tmp_path / "policy.yaml", Clock())
    served = endpoints(create_app(state, Tokens([])).routes)
    await state.close()
    page = (DOCS / "control.md").read_text()
    assert set(re.findall(r"^\| `(GET|PUT|POST|DELETE) (/[\w/{}.]+)[?`]", page, re.MULTILINE)) == served


def test_every_management_endpoint_is_documented_and_nothing_else_is() -> None:
    _, _, after = (DOCS / "proxy.md").read_text().partition("## Management endpoints")
    section, _, _ = after.partition("\n## ")
    served = endpoints(management_app(Worker(gateway_with()), "token").routes)
    assert {("GET", path) for path in re.findall(r"^\| `(/\w+)` \|", section, re.MULTILINE)} == served


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for path, anchor in LINK.findall(page.read_text()):
        target = page.parent / path if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


def test_the_policy_of_the_readme_is_a_good_one() -> None:
    reading = read_policy(yaml_of(ROOT / "README.md"), "README.md", 0.0)
    assert reading.problems == ()


def test_the_ten_lines_of_the_quickstart_are_the_examples() -> None:
    assert yaml.safe_load(yaml_of(DOCS / "quickstart.md")) == yaml.safe_load(TEN_LINES.read_text())
