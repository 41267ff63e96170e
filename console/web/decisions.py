"""Pages on which an operator decides: recommendations and the policy's revisions.

A decision names the revision that its page showed; where another one is in force by now, nothing changes
and the page says so. What the state refuses is told on the page that asked, with what was typed.
"""

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from console.facts import Changed, NotOpen, Objected, Stale, Unknown
from console.web.acting import acting_of, reach_of
from console.web.forms import NotShown, WrongForm, to_approve, to_reason
from console.web.offers import is_idle, usefulness
from console.web.rendering import SECURITY_FIELDS
from console.web.site import DECIDERS, Site, sent_form
from console.web.streams import stream_of

REFUSALS = (Changed, NotOpen, Objected, Stale, WrongForm)
CONFLICT = 409


class Reviews:
    """One method for each page about recommendations."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def listed(self, request: Request) -> Response:
        """Every recommendation: open ones first, of these the most useful; then what was decided last."""
        self._site.session_of(request)
        # The newest of all are bounded; what waits or holds is never left out.
        found = [await self._site.state.recommendations(state) for state in ("open", "approved", "")]
        known = {each.recommendation.id: each for listed in found for each in listed}
        decided = [each for each in known.values() if each.state != "open"]
        ordered = [
            *sorted((each for each in known.values() if each.state == "open"), key=usefulness),
            *sorted(decided, key=lambda each: -each.changed_at),
        ]
        idle = {each.recommendation.id for each in ordered if is_idle(each.recommendation)}
        return await self._site.show(request, "recommendations.html", recommendations=ordered, idle=idle)

    async def one(self, request: Request, recommendation: str) -> Response:
        """What it would change, why, and what a replay says."""
        self._site.session_of(request)
        return await self._page(request, recommendation)

    async def effect(self, request: Request, recommendation: str) -> Response:
        """The moving part of an approved one: whether it acts, and whom it refused."""
        self._site.session_of(request)
        return await self._page(request, recommendation, template="effect.html")

    async def effect_events(self, request: Request, recommendation: str) -> Response:
        """The same as a stream."""
        return await stream_of(self._site, request, lambda: self.effect(request, recommendation))

    async def approve(self, request: Request, recommendation: str) -> Response:
        """Put it in force as the form says."""
        author, form = await decision_of(self._site, request)
        try:
            await self._site.state.approve(
                recommendation, to_approve(form), author=author, expected=form.get("revision", "")
            )
        except REFUSALS as refusal:
            return await self._page(request, recommendation, trouble=str(refusal), typed=form)
        except Unknown as fact:
            raise NotShown(404, "No such recommendation", str(fact)) from fact
        return see(f"/recommendations/{recommendation}")

    async def reject(self, request: Request, recommendation: str) -> Response:
        """Turn it down."""
        author, form = await decision_of(self._site, request)
        try:
            await self._site.state.reject(recommendation, to_reason(form), author=author)
        except REFUSALS as refusal:
            return await self._page(request, recommendation, trouble=str(refusal), typed=form)
        except Unknown as fact:
            raise NotShown(404, "No such recommendation", str(fact)) from fact
        return see(f"/recommendations/{recommendation}")

    async def _page(
        self,
        request: Request,
        which: str,
        *,
        template: str = "recommendation.html",
        trouble: str = "",
        typed: dict[str, str] | None = None,
    ) -> Response:
        try:
            found = await self._site.state.recommendation(which)
        except Unknown as fact:
            raise NotShown(404, "No such recommendation", str(fact)) from fact
        since = found.approval.decided_at if found.approval else 0.0
        acting = await acting_of(self._site, [found], since=since)
        return await self._site.show(
            request,
            template,
            status=CONFLICT if trouble else 200,
            found=found,
            acting=acting[0] if acting else None,
            earlier=[
                each for each in await self._site.state.approvals(which) if each.approval != found.approval
            ],
            made=await self._site.state.revision_of(found.approval.revision) if found.approval else None,
            reach=reach_of(await self._site.state.status()),
            trouble=trouble,
            typed=typed or {},
        )


class Revisions:
    """One method for each page about the policy."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def policy(self, request: Request) -> Response:
        """The policy in force, and how it came to be."""
        self._site.session_of(request)
        return await self._page(request)

    async def one(self, request: Request, revision: str) -> Response:
        """A revision with its diff to the one before."""
        self._site.session_of(request)
        try:
            found = await self._site.state.revision_of(revision)
        except Unknown as fact:
            raise NotShown(404, "No such revision", str(fact)) from fact
        return await self._site.show(request, "revision.html", found=found)

    async def roll_back(self, request: Request, revision: str) -> Response:
        """Put an earlier revision in force again."""
        author, form = await decision_of(self._site, request)
        try:
            await self._site.state.rollback(
                revision, author=author, reason=to_reason(form), expected=form.get("revision", "")
            )
        except REFUSALS as refusal:
            return await self._page(request, trouble=str(refusal))
        except Unknown as fact:
            raise NotShown(404, "No such revision", str(fact)) from fact
        return see("/policy")

    async def check(self, request: Request) -> Response:
        """What a text would change; nothing changes."""
        _, form = await sent_form(self._site, request)
        checked = await self._site.state.check_policy(form.get("text", ""))
        return await self._site.show(
            request, "edit.html", text=form.get("text", ""), checked=checked, trouble="", typed=form
        )

    async def edit(self, request: Request) -> Response:
        """The editor, on the policy in force."""
        self._site.session_of(request)
        policy = await self._site.state.policy()
        return await self._site.show(
            request, "edit.html", text=policy.text, checked=None, trouble="", typed={}
        )

    async def apply(self, request: Request) -> Response:
        """Put an edited text in force."""
        author, form = await decision_of(self._site, request)
        text = form.get("text", "")
        try:
            await self._site.state.apply_policy(
                text, author=author, reason=to_reason(form), expected=form.get("revision", "")
            )
        except REFUSALS as refusal:
            checked = await self._site.state.check_policy(text)
            values = {"text": text, "checked": checked, "trouble": str(refusal), "typed": form}
            return await self._site.show(request, "edit.html", status=CONFLICT, **values)
        return see("/policy")

    async def _page(self, request: Request, *, trouble: str = "") -> Response:
        return await self._site.show(
            request,
            "policy.html",
            status=CONFLICT if trouble else 200,
            policy=await self._site.state.policy(),
            revisions=await self._site.state.revisions(),
            trouble=trouble,
        )


def see(path: str) -> Response:
    """After a change: a page that may be loaded again."""
    return RedirectResponse(path, 303, headers=SECURITY_FIELDS)


async def decision_of(
    site: Site, request: Request, *, roles: frozenset[str] = DECIDERS
) -> tuple[str, dict[str, str]]:
    """Who decides, and the form. Raises NotShown where his token has none of `roles`."""
    session, form = await sent_form(site, request)
    site.require(session, roles)
    return site.author_of(session), form


def add_decisions(app: FastAPI, site: Site) -> None:
    """Add these pages to the application."""
    reviews, revisions = Reviews(site), Revisions(site)
    for path, page in (
        ("/recommendations", reviews.listed),
        ("/recommendations/{recommendation}", reviews.one),
        ("/recommendations/{recommendation}/effect", reviews.effect),
        ("/recommendations/{recommendation}/effect/events", reviews.effect_events),
        ("/policy", revisions.policy),
        ("/policy/edit", revisions.edit),
        ("/revisions/{revision}", revisions.one),
    ):
        app.add_api_route(path, page, include_in_schema=False)
    for path, form in (
        ("/recommendations/{recommendation}/approve", reviews.approve),
        ("/recommendations/{recommendation}/reject", reviews.reject),
        ("/policy/check", revisions.check),
        ("/policy/apply", revisions.apply),
        ("/revisions/{revision}/rollback", revisions.roll_back),
    ):
        app.add_api_route(path, form, methods=["POST"], include_in_schema=False)
