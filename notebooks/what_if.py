"""What if: a candidate policy replayed over stored requests, at two values of one of its limits.

`make notebooks` shows its page; `marimo edit notebooks/what_if.py` its code, too. It changes nothing.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Tidegate: what if")

with app.setup:
    import time

    import marimo as mo

    from analytics.replay_rules import NotReplayable
    from kernel.limits import Quota
    from kernel.patch import StalePatch
    from notebooks import charts, reading, trials
    from notebooks.settings import settings
    from notebooks.showing import (
        connected,
        connection_form,
        console_form,
        panel,
        policy_editor,
        quota_sliders,
        replayed,
        trouble,
        verdicts,
    )
    from warehouse.failures import FAILURES


@app.cell
def _():
    mo.md("""
    # What if?
    Choose an open recommendation, or paste a policy; choose two values of a limit; replay both over stored
    requests. Nothing is changed: approving is done in the console. Times are UTC.

    *Attack* is whom a finding or a person calls abusive; everybody else is *legitimate*.
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
def _(known):
    console = console_form()
    None if known.control else console
    return (console,)


@app.cell
def _():
    again = mo.ui.run_button(label="Ask again", tooltip="what is open, and the requests up to now")
    again
    return (again,)


@app.cell
def _(again, console, known):
    again
    _said = console.value or {"where": known.control, "token": known.control_token}
    desk = trials.ask_console(_said["where"], _said["token"])
    trouble(desk.trouble) if desk.trouble else None
    return (desk,)


@app.cell
def _(desk):
    _open = {f"{each.title} ({each.id})": each.id for each in desk.open}
    which = mo.ui.dropdown(
        {**_open, "none: the policy in force": ""},
        value=next(iter(_open), "none: the policy in force"),
        allow_select_none=False,
        label="open recommendation",
    )
    which
    return (which,)


@app.cell
def _(desk, known):
    tenant = mo.ui.text(desk.tenant or known.tenant, label="requests of tenant")
    length_s = mo.ui.dropdown(
        {"10 minutes": 600, "1 hour": 3_600, "6 hours": 21_600, "1 day": 86_400},
        value="1 hour",
        label="of the last",
    )
    until = mo.ui.text(placeholder="now, or 2026-11-24T11:00", label="until")
    mo.hstack([tenant, length_s, until], justify="start")
    return length_s, tenant, until


@app.cell
def _(again, length_s, until):
    again
    now = time.time()
    span = reading.to_span(length_s.value, until.value, now)
    return now, span


@app.cell
def _(desk, now, which):
    proposed, _stale = trials.candidate_of(desk, which.value, now)
    trouble(_stale) if _stale else None
    return (proposed,)


@app.cell
def _(desk, proposed):
    base_editor = policy_editor("The base: the policy in force", desk.policy)
    candidate_editor = policy_editor("The candidate: edit it, or paste another", proposed)
    mo.accordion({"Both policies": mo.vstack([base_editor, candidate_editor])})
    return base_editor, candidate_editor


@app.cell
def _(base_editor, candidate_editor):
    base, candidate = base_editor.value, candidate_editor.value
    mo.stop(not (base.strip() and candidate.strip()), mo.md("*Paste both policies: open them above.*"))
    return base, candidate


@app.cell
def _(base, candidate, now):
    try:
        limits = trials.limits_of(base, candidate, now)
    except StalePatch as problem:
        mo.stop(True, trouble(problem))
    return (limits,)


@app.cell
def _(limits):
    rule = mo.ui.dropdown(
        {**{name: name for name in limits}, "none: the candidate as it is": ""},
        value=next(iter(limits), "none: the candidate as it is"),
        allow_select_none=False,
        label="limit to try",
    )
    rule
    return (rule,)


@app.cell
def _(limits, rule):
    _quota = limits.get(rule.value, Quota(1.0, 1))
    first, second = quota_sliders("A", _quota), quota_sliders("B", _quota, times=2.0)
    mo.vstack([first, second]) if rule.value else None
    return first, second


@app.cell
def _(first, rule, second):
    quotas = {"A": Quota(**first.value), "B": Quota(**second.value)} if rule.value else {}
    return (quotas,)


@app.cell
def _(base, candidate, rule, span, tenant):
    wanted = trials.Wanted(tenant.value, base, candidate, span.since, span.until, rule.value)
    return (wanted,)


@app.cell
def _():
    go = mo.ui.run_button(label="Replay", kind="success")
    go
    return (go,)


@app.cell
def _(desk, go, now, quotas, wanted):
    mo.stop(not go.value, mo.md("*Press Replay.*"))
    try:
        tries = trials.tries_of(wanted, quotas, labels=desk.labels, now=now)
    except StalePatch as problem:
        mo.stop(True, trouble(problem))
    return (tries,)


@app.cell
def _(client, here, tries):
    try:
        reports = replayed(client, tries, hash_key=here.hash_key, clock=time.monotonic)
    except NotReplayable as problem:
        mo.stop(True, trouble(problem))
    except FAILURES as problem:
        mo.stop(True, trouble(reading.closed(problem, here)))
    return (reports,)


@app.cell
def _(quotas, reports):
    verdicts(reports, quotas)
    return


@app.cell
def _(reports):
    panel("The values beside each other", "Over the same requests.", None, trials.comparison(reports))
    return


@app.cell
def _(quotas, reports, wanted):
    _curves = trials.curves_of(reports.values(), wanted.rule)
    mo.stop(not _curves)
    _report, _harm = _curves[0]
    panel(
        f"Limit against harm: {wanted.rule}",
        "What each rate would have refused, were this limit alone; burst keeps its proportion to A's."
        " The bound holds for all points of the curve together.",
        charts.curve_chart(_harm, _report, {name: quota.rate for name, quota in quotas.items()}),
        charts.curve_rows(_harm),
    )
    return


@app.cell
def _(reports):
    panel(
        "Requests that would be refused",
        "At most five of each rule, legitimate ones first.",
        None,
        trials.example_rows(reports),
    )
    return


@app.cell
def _(reports):
    mo.md("## What to keep in mind\n" + "\n".join(f"- {each}" for each in trials.caveats(reports.values())))
    return


if __name__ == "__main__":
    app.run()
