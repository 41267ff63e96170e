"""What forms say: bounded, parsed once, and told in words where it is wrong."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec
from fastapi import Request

from kernel.control import LONGEST_HOLD_S, Approve

LARGEST_FORM = 2 << 20  # a policy of a megabyte, escaped
LONGEST_REASON = 1_000
HOUR_S = 3_600


class NotShown(Exception):
    """A page that says why there is no page."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title


class WrongForm(Exception):
    """A field is missing or wrong; the message says which."""


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form (application/x-www-form-urlencoded). Raises NotShown where it is too large."""
    sent = bytearray()
    async for chunk in request.stream():
        sent += chunk
        if len(sent) > LARGEST_FORM:
            raise NotShown(413, "Form too large", f"at most {LARGEST_FORM} bytes are read")
    try:
        fields = parse_qsl(sent.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=50)
    except ValueError as problem:
        raise NotShown(422, "Malformed form", str(problem)) from problem
    # Browsers end the lines of a text area by CR LF; a policy's are ended by LF.
    return {name: value.replace("\r\n", "\n") for name, value in fields}


def to_reason(form: Mapping[str, str]) -> str:
    """Why it is decided so. Raises WrongForm."""
    reason = form.get("reason", "").strip()
    if not reason:
        raise WrongForm("say why: the next person on duty will ask")
    if len(reason) > LONGEST_REASON:
        raise WrongForm(f"the reason is longer than {LONGEST_REASON} characters")
    return reason


def to_approve(form: Mapping[str, str]) -> Approve:
    """How a recommendation enters. Raises WrongForm."""
    asked = {
        "mode": form.get("mode", ""),
        "reason": to_reason(form),
        "patch": form.get("patch", ""),
        "canary": to_number(form, "canary", most=100.0) / 100 if form.get("mode") == "canary" else 0.0,
        "lasts_s": round(to_number(form, "hours", most=LONGEST_HOLD_S / HOUR_S) * HOUR_S),
    }
    try:
        return msgspec.convert(asked, Approve)
    except msgspec.ValidationError as problem:
        if "`$.patch`" in str(problem):
            raise WrongForm(
                "open the page again: the form does not say which change it approves"
            ) from problem
        raise WrongForm("choose a mode: shadow, canary or enforce") from problem


def to_number(form: Mapping[str, str], name: str, *, most: float) -> float:
    """A number between 0 and `most`. Raises WrongForm."""
    text = form.get(name, "").strip() or "0"
    try:
        number = float(text)
    except ValueError as problem:
        raise WrongForm(f"{name}: {text!r} is no number") from problem
    if not 0 <= number <= most:
        raise WrongForm(f"{name}: {text} is not between 0 and {most:g}")
    return number
