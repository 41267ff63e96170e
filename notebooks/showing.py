"""Pieces of a notebook's page: a form for the connection, a chart with its table, and what went wrong."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, TypeVar

import altair as alt
import marimo as mo
from clickhouse_connect.driver.client import Client

from dashboards.asking import Cell
from kernel.limits import Quota
from kernel.patch import to_rate
from kernel.replays import ReplayReport
from notebooks.charts import to_utc
from notebooks.reading import Choice, Closed, Explored, asked, open_warehouse
from notebooks.settings import Settings
from notebooks.trials import Wanted, bursts_around, rates_around, tried, verdict

PAGE_ROWS = 10
Step = TypeVar("Step", int, float)


def connection_form() -> mo.ui.form[Any, Any]:
    """Asks for where, user and password of a warehouse."""
    fields = mo.md("""
        ### Where is the warehouse?
        `tidegate status` tells its URL, `docs/notebooks.md` where the password is.

        {where}
        {user}
        {password}
        """).batch(
        where=mo.ui.text("http://127.0.0.1:8123", label="URL"),
        user=mo.ui.text("reader", label="user"),
        password=mo.ui.text(kind="password", label="password"),
    )
    return fields.form(submit_button_label="Connect")


def console_form() -> mo.ui.form[Any, Any]:
    """Asks for where the console is, and a token that may read."""
    fields = mo.md("""
        ### Where is the console?
        It knows the policy in force and the open recommendations. Without it, paste both policies.

        {where}
        {token}
        """).batch(
        where=mo.ui.text("http://127.0.0.1:8090", label="URL"),
        token=mo.ui.text(kind="password", label="token of a viewer"),
    )
    return fields.form(submit_button_label="Ask the console")


def connected(known: Settings, form: mo.ui.form[Any, Any] | None) -> tuple[Settings, Client]:
    """Where the warehouse is, by the form where nobody said it before; else the cell stops, and says why."""
    here = known if known.warehouse or form is None or not form.value else asked(known, **form.value)
    mo.stop(not here.warehouse, mo.md("*Say where the warehouse is: `tidegate status` tells.*"))
    try:
        return here, open_warehouse(here)
    except Closed as problem:
        mo.stop(True, trouble(problem))
        raise


def policy_editor(label: str, text: str) -> mo.ui.code_editor:
    """A policy to read, edit or replace."""
    return mo.ui.code_editor(
        text, language="yaml", label=label, min_height=120, max_height=400, debounce=True
    )


def quota_sliders(name: str, quota: Quota, *, times: float = 1.0) -> mo.ui.batch:
    """Rate and burst of one value to try, an eighth to eight times the limit's; they begin at `times` it."""
    rates, bursts = rates_around(quota.rate), bursts_around(quota.burst)
    rate = nearest(rates, quota.rate * times)
    burst = nearest(bursts, quota.burst * times)
    return mo.md("{rate} {burst}").batch(
        rate=mo.ui.slider(steps=rates, value=rate, show_value=True, label=f"{name}: requests per second"),
        burst=mo.ui.slider(steps=bursts, value=burst, show_value=True, label=f"{name}: burst"),
    )


def nearest(steps: Sequence[Step], wanted: float) -> Step:
    """The step that is closest to a value."""
    return min(steps, key=lambda step: abs(step - wanted))


class Advance:
    """Moves a progress bar by the shares that one replay tells; a hundred steps in all."""

    def __init__(self, bar: Any) -> None:
        self._bar, self._done = bar, 0

    def __call__(self, share: float) -> bool:
        steps = round(share * 100) - self._done
        if steps > 0:
            self._bar.update(steps)
            self._done += steps
        return True


def replayed(
    client: Client, tries: Mapping[str, Wanted], *, hash_key: bytes, clock: Callable[[], float]
) -> dict[str, ReplayReport]:
    """Every try, one after the other, behind a progress bar. Raises what `tried` raises."""
    with mo.status.progress_bar(total=100 * len(tries), title="Replaying", remove_on_exit=True) as bar:
        return {
            name: tried(client, each, hash_key=hash_key, progress=Advance(bar), clock=clock)
            for name, each in tries.items()
        }


def verdicts(reports: Mapping[str, ReplayReport], quotas: Mapping[str, Quota]) -> mo.Html:
    """What to take from it, before the tables: for each value benefit and harm in two sentences."""
    said = [
        mo.md(f"**{name}**{value_of(quotas.get(name))}: {verdict(report)}")
        for name, report in reports.items()
    ]
    return mo.vstack([mo.callout(each) for each in said])


def value_of(quota: Quota | None) -> str:
    """` (90/min, burst 5)`; nothing where none was chosen."""
    return f" ({to_rate(quota.rate)}, burst {quota.burst:,})" if quota else ""


def trouble(problem: Exception | str) -> mo.Html:
    """A sentence where a traceback would stand."""
    return mo.callout(mo.Html(f"<span>{escape(str(problem))}</span>"), kind="danger")


def nothing(found: Explored, choice: Choice) -> mo.Html | None:
    """Says so where there were no requests."""
    if found.rates.rows:
        return None
    whom = f" of {choice.identity}" if choice.identity else ""
    between = f"between {to_utc(choice.span.since)} and {to_utc(choice.span.until)} UTC"
    return mo.callout(mo.md(f"There are no requests{whom} {between}: take a longer time."), kind="warn")


def panel(
    title: str, description: str, chart: alt.TopLevelMixin | None, rows: Sequence[Mapping[str, Cell]]
) -> mo.Html:
    """A chart with the table under it; where there are no rows, one sentence."""
    head = mo.md(f"## {title}\n{description}")
    if not rows:
        return mo.vstack([head, mo.md("*Nothing in this time.*")])
    table = mo.ui.table(
        [dict(row) for row in rows],
        selection=None,
        page_size=PAGE_ROWS,
        show_column_summaries=False,
        show_data_types=False,
    )
    return mo.vstack([head, *([chart] if chart is not None else []), table])
