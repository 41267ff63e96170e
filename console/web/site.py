"""What every page needs: who asks, what he may do, and the frame around the page."""

import secrets

from fastapi import Request, Response

from console.state import ControlState
from console.tokens import Tokens
from console.web.forms import NotShown, form_of
from console.web.rendering import Pages
from console.web.sessions import Clock, Session, Sessions, is_from_own_form
from console.web.telemetry import Telemetry

COOKIE = "tidegate_session"
DECIDERS = frozenset({"operator", "admin"})
ADMINS = frozenset({"admin"})
READERS = frozenset({"viewer", "operator", "admin"})


class Unseen(Exception):
    """Nobody is signed in: the page is shown after signing in. `onward` is its path."""

    def __init__(self, onward: str) -> None:
        super().__init__(onward)
        self.onward = onward


class Site:
    """What every page needs."""

    def __init__(self, state: ControlState, tokens: Tokens, *, telemetry: Telemetry, clock: Clock) -> None:
        self.state = state
        self.telemetry = telemetry
        self.sessions = Sessions(clock, secrets.token_bytes)
        self.pages = Pages()
        self._tokens = tokens
        self._clock = clock

    def now(self) -> float:
        """The events' clock."""
        return self.state.tempo.at(self._clock())

    def roles_of(self, authorization: str) -> frozenset[str]:
        """What a token may do; nothing where it is none of ours."""
        return frozenset(str(role) for role in self._tokens.roles_of(authorization) or ())

    def author_of(self, session: Session) -> str:
        """As whom a decision is written down: the token's name, as in the control API."""
        bearer = self._tokens.bearer_of(session.authorization)
        return bearer.name if bearer else ""

    def session_of(self, request: Request) -> Session:
        """Who asks for a page. Raises Unseen."""
        session = self.sessions.of(request.cookies.get(cookie_of(request), ""))
        if session is None or not self.roles_of(session.authorization) & READERS:
            raise Unseen(request.url.path)
        return session

    def require(self, session: Session, roles: frozenset[str]) -> None:
        """Go on where who is signed in has one of `roles`. Raises NotShown."""
        if not self.roles_of(session.authorization) & roles:
            needed = " or ".join(sorted(roles, reverse=True))
            raise NotShown(
                403, "Not for this token", f"it needs the role {needed}; sign in with such a token"
            )

    async def show(self, request: Request, template: str, *, status: int = 200, **values: object) -> Response:
        """A page for who is signed in."""
        session = self.session_of(request)
        roles = self.roles_of(session.authorization)
        common = {
            "session": session,
            "may_decide": bool(roles & DECIDERS),
            "may_admit": bool(roles & ADMINS),
            "here": request.url.path,
            "state": await self.state.status(),
            "now": self.now(),
        }
        return self.pages.page(template, common | values, status=status)


def cookie_of(request: Request) -> str:
    """The session cookie's name. `__Host-` (RFC 6265bis): no other host, no page without TLS can set it."""
    return f"__Host-{COOKIE}" if is_secure(request) else COOKIE


def is_secure(request: Request) -> bool:
    """Whether the browser speaks TLS, to us or to a proxy that says so from this machine."""
    return request.url.scheme == "https"


async def sent_form(site: Site, request: Request) -> tuple[Session, dict[str, str]]:
    """Who sent a form of ours, and its fields. Raises Unseen or NotShown."""
    session = site.session_of(request)
    form = await form_of(request)
    fetch_site = request.headers.get("sec-fetch-site", "")
    if not is_from_own_form(session, form.get("csrf", ""), fetch_site=fetch_site):
        raise NotShown(
            403, "Not from here", "the form was not sent from a page of this session; load it anew"
        )
    return session, form
