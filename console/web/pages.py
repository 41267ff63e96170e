"""The pages' routes: `add_pages` puts them on the control endpoint's application."""

import asyncio
import time
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles

from console.state import ControlState
from console.tokens import Tokens
from console.web.access import add_access
from console.web.acting import acting_of
from console.web.alerts import add_alerts
from console.web.boards import add_boards
from console.web.decisions import add_decisions
from console.web.forms import NotShown, form_of
from console.web.offers import acts_on, usefulness
from console.web.records import add_records
from console.web.rendering import SECURITY_FIELDS, STATIC
from console.web.sessions import SESSION_S, Clock
from console.web.sharing import Shared
from console.web.site import READERS, Site, Unseen, cookie_of, is_secure, sent_form
from console.web.situation import DEEDS_S, Situation, accused_of, findings_of, overlays_on, situation_of
from console.web.streams import STREAMED_S, stream_of
from console.web.telemetry import Telemetry, WarehouseAway
from console.web.traffic import SHOWN_S, to_traffic

SETTLED_S = 2.0  # newer seconds are not complete in the warehouse yet
MOST_ROUTES = 12
OF_UPSTREAMS = ("error-burst", "latency-regression")  # kinds of findings that accuse nobody


class Views:
    """One method for each page."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._streamed = Shared(self._asked, fresh_s=STREAMED_S, clock=site.now)
        self._streamed_findings = Shared(lambda: findings_of(site), fresh_s=STREAMED_S, clock=site.now)

    async def overview(self, request: Request) -> Response:
        """What is going on now."""
        self._site.session_of(request)
        return await self._live(request, "overview.html", await self._asked())

    async def live(self, request: Request) -> Response:
        """The overview's moving part alone."""
        self._site.session_of(request)
        return await self._live(request, "live.html", await self._asked())

    async def live_events(self, request: Request) -> Response:
        """The same as a stream."""
        return await stream_of(self._site, request, lambda: self._streamed_part(request))

    async def _streamed_part(self, request: Request) -> Response:
        self._site.session_of(request)
        state = self._site.state
        return await self._live(
            request, "live.html", await self._streamed.of((state.revision, state.overlays_version))
        )

    async def _asked(self) -> tuple[Situation, object]:
        until = float(int(self._site.now() - SETTLED_S) // 5 * 5)
        return await asyncio.gather(situation_of(self._site), traffic_of(self._site, until - SHOWN_S, until))

    async def _live(self, request: Request, template: str, asked: tuple[Situation, object]) -> Response:
        situation, traffic = asked
        return await self._site.show(
            request, template, situation=situation, traffic=traffic, most_routes=MOST_ROUTES
        )

    async def findings(self, request: Request) -> Response:
        """The newest findings, newest onset first."""
        return await self._findings(request, "findings.html")

    async def findings_part(self, request: Request) -> Response:
        """Their table alone."""
        return await self._findings(request, "findings_part.html")

    async def findings_events(self, request: Request) -> Response:
        """The same as a stream."""
        return await stream_of(self._site, request, lambda: self.findings_part(request))

    async def _findings(self, request: Request, template: str) -> Response:
        self._site.session_of(request)
        findings, away = await self._streamed_findings.of("")
        return await self._site.show(request, template, findings=findings, away=away)

    async def finding(self, request: Request, finding: str) -> Response:
        """One finding with its evidence."""
        self._site.session_of(request)
        try:
            found = await self._site.telemetry.finding(finding)
        except WarehouseAway as fact:
            raise NotShown(503, "The finding cannot be read", str(fact)) from fact
        if found is None:
            raise NotShown(404, "No such finding", f"no finding has the id {finding!r}")
        known = await self._site.state.recommendations("")
        about = [each for each in known if acts_on(each.recommendation, found)]
        acting = await acting_of(self._site, about, since=self._site.now() - DEEDS_S)
        accused = (await accused_of(self._site, (found,))).get(found.id)
        return await self._site.show(
            request,
            "finding.html",
            finding=found,
            accused=accused,
            is_about_somebody=bool(found.identity or accused) or found.kind not in OF_UPSTREAMS,
            overlays=overlays_on(found, accused, self._site.state.in_force()),
            acting=[each for each in acting if each.is_in_force],
            proposed=sorted(about, key=lambda each: (each.state != "open", *usefulness(each))),
            labels=await self._site.state.labels(),
        )

    async def health(self, request: Request) -> Response:
        """Telemetry's account, and who follows."""
        self._site.session_of(request)
        accounts, away = None, ""
        try:
            accounts = await self._site.telemetry.accounts(self._site.now())
        except WarehouseAway as fact:
            away = str(fact)
        return await self._site.show(request, "telemetry.html", accounts=accounts, away=away)


class Doors:
    """Signing in and out."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def ask(self, request: Request) -> Response:
        """The form."""
        return self._form(onward_of(request.query_params.get("next", "")))

    async def enter(self, request: Request) -> Response:
        """A token becomes a session."""
        form = await form_of(request)
        onward = onward_of(form.get("next", ""))
        authorization = f"Bearer {form.get('token', '').strip()}"
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return self._form(onward, "This form was sent from another site; send it from here.", status=403)
        if not self._site.roles_of(authorization) & READERS:
            return self._form(onward, "That is no token for these pages.", status=403)
        session = self._site.sessions.begin(authorization)
        answer = RedirectResponse(onward, 303, headers=SECURITY_FIELDS)
        answer.set_cookie(
            cookie_of(request),
            session.id,
            max_age=int(SESSION_S),
            httponly=True,
            samesite="strict",
            secure=is_secure(request),
        )
        return answer

    async def leave(self, request: Request) -> Response:
        """Sign out."""
        session, _ = await sent_form(self._site, request)
        self._site.sessions.end(session)
        answer = RedirectResponse("/login", 303, headers=SECURITY_FIELDS)
        answer.delete_cookie(cookie_of(request), httponly=True, samesite="strict", secure=is_secure(request))
        return answer

    def _form(self, onward: str, trouble: str = "", *, status: int = 200) -> Response:
        values = {"onward": onward, "trouble": trouble, "here": "/login"}
        return self._site.pages.page("login.html", values, status=status)


def add_pages(
    app: FastAPI, state: ControlState, tokens: Tokens, warehouse: str, *, clock: Clock = time.time
) -> None:
    """Add every page to the application. `warehouse`: its URL; empty where there is none."""
    site = Site(state, tokens, telemetry=Telemetry(warehouse, state.tenant), clock=clock)
    add_answers(app, site)
    views, doors = Views(site), Doors(site)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for path, page in (
        ("/", views.overview),
        ("/live", views.live),
        ("/live/events", views.live_events),
        ("/findings", views.findings),
        ("/findings/part", views.findings_part),
        ("/findings/part/events", views.findings_events),
        ("/findings/{finding}", views.finding),
        ("/telemetry", views.health),
        ("/login", doors.ask),
    ):
        app.add_api_route(path, page, include_in_schema=False)
    add_decisions(app, site)
    add_boards(app, site)
    add_records(app, site)
    add_access(app, site)
    add_alerts(app, site)
    app.add_api_route("/login", doors.enter, methods=["POST"], include_in_schema=False)
    app.add_api_route("/logout", doors.leave, methods=["POST"], include_in_schema=False)


def add_answers(app: FastAPI, site: Site) -> None:
    """Facts that pages raise -> pages."""

    async def unseen(request: Request, fact: Exception) -> Response:
        assert isinstance(fact, Unseen)
        where = f"/login?next={quote(onward_of(fact.onward))}"
        if request.headers.get("hx-request"):  # a fragment's place is no place for a form
            return Response(status_code=204, headers={"HX-Redirect": "/login", **SECURITY_FIELDS})
        return RedirectResponse(where, 303, headers=SECURITY_FIELDS)

    async def not_shown(request: Request, fact: Exception) -> Response:
        assert isinstance(fact, NotShown)
        values = {"title": fact.title, "detail": str(fact)}
        return await site.show(request, "trouble.html", status=fact.status, **values)

    app.add_exception_handler(Unseen, unseen)
    app.add_exception_handler(NotShown, not_shown)


async def traffic_of(site: Site, since: float, until: float) -> object:
    """What the routes did; None where the warehouse is away."""
    try:
        history, unrouted = await asyncio.gather(
            site.telemetry.history(since, until), site.telemetry.unrouted(since, until)
        )
        return to_traffic(history, unrouted, since, until)
    except WarehouseAway:
        return None


def onward_of(path: str) -> str:
    """A path of ours to go to after signing in; anything else is the overview.

    >>> onward_of("//elsewhere.example"), onward_of("/policy")
    ('/', '/policy')
    """
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\", "/live", "/login"))
    return path if is_ours and path.isprintable() else "/"
