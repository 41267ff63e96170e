"""Traffic explorer: who asked what, how it ended, how long it took, what was refused and why.

`make notebooks` shows its page; `marimo edit notebooks/traffic_explorer.py` its code, too.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Tidegate: traffic explorer")

with app.setup:
    import time

    import marimo as mo

    from dashboards.boards.choices import ROUTE, TENANT
    from notebooks import charts, reading
    from notebooks.settings import settings
    from notebooks.showing import connected, connection_form, nothing, panel, trouble
    from warehouse.failures import FAILURES


@app.cell
def _():
    mo.md("""
    # Traffic explorer
    Choose a time, a route and an identity; everything below follows. Times are UTC.
    Dashed orange lines mark where a finding began.
    """)
    return


@app.cell
def _():
    known = settings()
    form = connection_form()
    None if known.warehouse else form
    return form, known


@app.cell
def _(form, known):
    here, client = connected(known, form)
    return client, here


@app.cell
def _():
    again = mo.ui.run_button(label="Read again")
    length_s = mo.ui.dropdown(
        {"10 minutes": 600, "1 hour": 3_600, "6 hours": 21_600, "1 day": 86_400, "7 days": 604_800},
        value="1 hour",
        label="the last",
    )
    until = mo.ui.text(placeholder="now, or 2026-11-24T11:00", label="until")
    mo.hstack([length_s, until, again], justify="start")
    return again, length_s, until


@app.cell
def _(again):
    again
    now = time.time()
    return (now,)


@app.cell
def _(length_s, now, until):
    span = reading.to_span(length_s.value, until.value, now)
    return (span,)


@app.cell
def _(client, known, span):
    _tenants = reading.names_of(client, TENANT, span) or [known.tenant]
    tenant = mo.ui.dropdown(
        _tenants,
        value=known.tenant if known.tenant in _tenants else _tenants[0],
        allow_select_none=False,
        label="tenant",
    )
    return (tenant,)


@app.cell
def _(client, span, tenant):
    route = mo.ui.dropdown(
        {"all": "", **{name: name for name in reading.names_of(client, ROUTE, span, tenant.value)}},
        value="all",
        allow_select_none=False,
        label="route",
    )
    identity = mo.ui.text(placeholder="all", label="identity")
    mo.hstack([tenant, route, identity], justify="start")
    return identity, route


@app.cell
def _(identity, route, span, tenant):
    choice = reading.Choice(tenant.value, span, route.value, identity.value.strip())
    return (choice,)


@app.cell
def _(choice, client, here):
    try:
        found = reading.explore(client, choice)
    except FAILURES as problem:
        mo.stop(True, trouble(reading.closed(problem, here)))
    nothing(found, choice)
    return (found,)


@app.cell
def _(found):
    panel(
        "Requests by status class",
        "Per second. Refusals of the policy, and what no route takes, are apart from the clients' errors.",
        charts.lines_chart(found.rates, "requests per second", found.findings),
        charts.rows_of(found.rates),
    )
    return


@app.cell
def _(found):
    panel(
        "Latency",
        "Median, 95th and 99th percentile. Of all clients exact to 4.4 %, of one identity exact.",
        charts.lines_chart(found.latencies, "milliseconds", found.findings),
        charts.rows_of(found.latencies),
    )
    return


@app.cell
def _(found):
    panel(
        "Findings",
        "What analytics found that was open in this time.",
        None,
        charts.finding_rows(found.findings),
    )
    return


@app.cell
def _(found):
    panel(
        "What was refused, and why",
        "Per second, by decision and reason; below, by rule. A shadow only says what it would have refused. "
        "All identities of the route.",
        charts.lines_chart(found.decisions, "requests per second", found.findings),
        charts.rows_of(found.rules),
    )
    return


@app.cell
def _(found):
    panel(
        "Busiest routes",
        "Per second, of all identities; at most eight are drawn.",
        charts.lines_chart(found.busiest, "requests per second", found.findings),
        charts.rows_of(found.routes),
    )
    return


@app.cell
def _(found):
    panel(
        "Busiest clients",
        "Whose requests they were, and how many of them were refused. Copy one into the field `identity`.",
        charts.bars_chart(found.clients, "identity", "request_count"),
        charts.rows_of(found.clients),
    )
    return


@app.cell
def _(choice, found):
    mo.stop(not choice.identity)
    panel(
        f"What became of the requests of {choice.identity}",
        "By route, decision, reason and rule.",
        None,
        charts.rows_of(found.fates),
    )
    return


if __name__ == "__main__":
    app.run()
