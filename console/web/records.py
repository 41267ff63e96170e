"""Pages about what was asked and done: replays as jobs, and the audit."""

from collections.abc import Mapping
from typing import Literal

from fastapi import FastAPI, Request, Response

from console.facts import Unknown
from console.web.boards import RANGES
from console.web.decisions import decision_of, see
from console.web.forms import NotShown, WrongForm, to_reason
from console.web.site import Site
from kernel.control import PutLabel
from kernel.replays import ReplayRequest

DEFAULT_SPAN_S = 3_600.0


class Records:
    """One method for each page."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def replays(self, request: Request) -> Response:
        """Every replay that was asked for."""
        self._site.session_of(request)
        return await self._site.show(request, "replays.html", jobs=await self._site.state.jobs())

    async def replay(self, request: Request, job: str) -> Response:
        """One: how far it is, or what it says."""
        self._site.session_of(request)
        try:
            found = await self._site.state.job(job)
        except Unknown as fact:
            raise NotShown(404, "No such replay", str(fact)) from fact
        checked = await self._site.state.check_policy(found.request.policy)
        return await self._site.show(request, "replay.html", job=found, diff=checked.diff)

    async def ask(self, request: Request) -> Response:
        """Queue a replay of an edited text; a text that is no policy goes back to the editor."""
        author, form = await decision_of(self._site, request)
        text = form.get("text", "")
        checked = await self._site.state.check_policy(text)
        if not checked.good:
            values = {"text": text, "checked": checked, "trouble": "no policy to replay", "typed": form}
            return await self._site.show(request, "edit.html", status=422, **values)
        until = self._site.now()
        since = until - RANGES.get(form.get("span", ""), DEFAULT_SPAN_S)
        job = await self._site.state.ask_job(ReplayRequest(text, since, until), author=author)
        return see(f"/replays/{job.id}")

    async def cancel(self, request: Request, job: str) -> Response:
        """Stop it."""
        author, _ = await decision_of(self._site, request)
        try:
            await self._site.state.cancel_job(job, author=author)
        except Unknown as fact:
            raise NotShown(404, "No such replay", str(fact)) from fact
        return see(f"/replays/{job}")

    async def label(self, request: Request, finding: str) -> Response:
        """Say whether a finding was an attack."""
        author, form = await decision_of(self._site, request)
        try:
            asked = PutLabel(to_label(form), to_reason(form), finding)
        except WrongForm as wrong:
            raise NotShown(422, "Nothing was changed", str(wrong)) from wrong
        await self._site.state.put_label(asked, author=author)
        return see(f"/findings/{finding}")

    async def audit(self, request: Request) -> Response:
        """Every management write."""
        self._site.session_of(request)
        return await self._site.show(request, "audit.html", entries=await self._site.state.audit())


def to_label(form: Mapping[str, str]) -> Literal["attack", "legitimate"]:
    """What an operator calls it. Raises WrongForm."""
    match form.get("label"):
        case "attack":
            return "attack"
        case "legitimate":
            return "legitimate"
        case _:
            raise WrongForm("say `attack` or `legitimate`")


def add_records(app: FastAPI, site: Site) -> None:
    """Add these pages to the application."""
    records = Records(site)
    app.add_api_route("/replays", records.replays, include_in_schema=False)
    app.add_api_route("/replays/{job}", records.replay, include_in_schema=False)
    app.add_api_route("/audit", records.audit, include_in_schema=False)
    app.add_api_route("/findings/{finding}/label", records.label, methods=["POST"], include_in_schema=False)
    app.add_api_route("/replays", records.ask, methods=["POST"], include_in_schema=False)
    app.add_api_route("/replays/{job}/cancel", records.cancel, methods=["POST"], include_in_schema=False)
