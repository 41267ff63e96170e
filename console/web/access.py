"""Pages about who may do what: the console's tokens, API keys that are refused, and automation itself."""

import asyncio
from collections.abc import Mapping

import msgspec
from fastapi import FastAPI, Request, Response

from console.facts import Objected, Unknown
from console.policy_file import read_text
from console.web.decisions import decision_of, see
from console.web.forms import HOUR_S, NotShown, WrongForm, to_number, to_reason
from console.web.site import ADMINS, Site
from kernel.control import LONGEST_HOLD_S, AskToken, MadeToken, RevokeKey

MALFORMED = 422


class NamedKey(msgspec.Struct, frozen=True):
    """An API key of the policy in force, by the SHA-256 (hex) of its text."""

    consumer: str
    name: str
    sha256: str


class Access:
    """One method for each page."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def tokens(self, request: Request) -> Response:
        """Every token without its secret. For admins: names tell who works here."""
        self._site.require(self._site.session_of(request), ADMINS)
        return await self._tokens(request)

    async def make_token(self, request: Request) -> Response:
        """Make one; this answer alone has its secret."""
        author, form = await decision_of(self._site, request, roles=ADMINS)
        try:
            made = await self._site.state.make_token(to_token(form), author=author)
        except (WrongForm, Objected) as wrong:
            return await self._tokens(request, trouble=str(wrong), typed=form)
        return await self._tokens(request, made=made)

    async def delete_token(self, request: Request, token: str) -> Response:
        """It proves nothing from now on."""
        author, _ = await decision_of(self._site, request, roles=ADMINS)
        try:
            await self._site.state.delete_token(token, author=author)
        except Unknown as fact:
            raise NotShown(404, "No such token", str(fact)) from fact
        return see("/tokens")

    async def keys(self, request: Request) -> Response:
        """API keys of the policy, and those that every proxy refuses."""
        self._site.session_of(request)
        return await self._keys(request, typed={"sha256": request.query_params.get("sha256", "")})

    async def revoke_key(self, request: Request) -> Response:
        """Refuse one at every proxy."""
        author, form = await decision_of(self._site, request)
        try:
            asked = to_key(form)
        except WrongForm as wrong:
            return await self._keys(request, trouble=str(wrong), typed=form)
        await self._site.state.revoke_key(asked.sha256, asked.reason, author=author)
        return see("/keys")

    async def automation(self, request: Request) -> Response:
        """Whether analytics may set values, what it set, and who may."""
        self._site.session_of(request)
        return await self._automation(request)

    async def set_loop(self, request: Request) -> Response:
        """Pause or resume."""
        author, form = await decision_of(self._site, request)
        try:
            paused, reason = to_pause(form), to_reason(form)
        except WrongForm as wrong:
            return await self._automation(request, trouble=str(wrong))
        await self._site.state.set_loop(paused=paused, reason=reason, author=author)
        return see("/automation")

    async def _tokens(
        self,
        request: Request,
        *,
        made: MadeToken | None = None,
        trouble: str = "",
        typed: Mapping[str, str] | None = None,
    ) -> Response:
        status = MALFORMED if trouble else 201 if made else 200
        known = await self._site.state.tokens()
        values = {"tokens": known, "made": made, "trouble": trouble, "typed": typed or {}}
        return await self._site.show(request, "tokens.html", status=status, **values)

    async def _keys(self, request: Request, *, typed: Mapping[str, str], trouble: str = "") -> Response:
        revoked = await self._site.state.revoked_keys()
        policy = await self._site.state.policy()
        return await self._site.show(
            request,
            "keys.html",
            status=MALFORMED if trouble else 200,
            named=await asyncio.to_thread(keys_of, policy.text, self._site.now()),
            revoked=revoked,
            trouble=trouble,
            typed=typed,
        )

    async def _automation(self, request: Request, *, trouble: str = "") -> Response:
        status = MALFORMED if trouble else 200
        return await self._site.show(request, "automation.html", status=status, trouble=trouble)


def keys_of(text: str, now: float) -> tuple[NamedKey, ...]:
    """The API keys that a policy's text names."""
    policy = read_text(text, "policy", now).policy
    if policy is None:
        return ()
    return tuple(
        NamedKey(consumer.name, key.name, key.sha256)
        for consumer in policy.consumers
        for key in consumer.keys
    )


def to_token(form: Mapping[str, str]) -> AskToken:
    """The token that is asked for. Raises WrongForm."""
    hours = to_number(form, "hours", most=LONGEST_HOLD_S / HOUR_S)
    asked = {
        "name": form.get("name", "").strip(),
        "role": form.get("role", ""),
        "ttl_s": round(hours * HOUR_S),
    }
    try:
        return msgspec.convert(asked, AskToken)
    except msgspec.ValidationError as problem:
        raise WrongForm(
            "choose a role and a name: at most 63 letters, digits or . _ @ -, a letter or digit first"
        ) from problem


def to_key(form: Mapping[str, str]) -> RevokeKey:
    """The key that is to be refused. Raises WrongForm."""
    asked = {"sha256": form.get("sha256", "").strip().lower(), "reason": to_reason(form)}
    try:
        return msgspec.convert(asked, RevokeKey)
    except msgspec.ValidationError as problem:
        raise WrongForm(
            "give the SHA-256 of the key: 64 hexadecimal digits, as the policy has it"
        ) from problem


def to_pause(form: Mapping[str, str]) -> bool:
    """Whether automation pauses. Raises WrongForm."""
    match form.get("act"):
        case "pause":
            return True
        case "resume":
            return False
        case _:
            raise WrongForm("say `pause` or `resume`")


def add_access(app: FastAPI, site: Site) -> None:
    """Add these pages to the application."""
    access = Access(site)
    for path, page in (
        ("/tokens", access.tokens),
        ("/keys", access.keys),
        ("/automation", access.automation),
    ):
        app.add_api_route(path, page, include_in_schema=False)
    for path, form in (
        ("/tokens", access.make_token),
        ("/tokens/{token}/delete", access.delete_token),
        ("/keys", access.revoke_key),
        ("/automation", access.set_loop),
    ):
        app.add_api_route(path, form, methods=["POST"], include_in_schema=False)
