"""Templates, the words in them, and the header fields of every page."""

import math
from collections.abc import Mapping
from pathlib import Path

import jinja2
from fastapi import Response
from fastapi.responses import HTMLResponse

from console.moments import to_span, to_utc
from console.review import bound_line, identities, told
from console.wording import counted, measured, shared_value
from kernel.wording import to_rate

HERE = Path(__file__).parent
STATIC = HERE / "static"
# No inline script or style, nothing from elsewhere, and nobody frames us.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SECURITY_FIELDS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
VENDOR = ("htmx.min.js", "hx-sse.min.js", "uPlot.iife.min.js", "uPlot.min.css")
NOTHING = "\u2013"  # where there is no value
UNBROKEN = "\u00a0"  # a space at which no line ends
# A mark and a word for each severity: colour alone tells nobody anything.
MARKS = {"critical": "▲", "warning": "◆", "info": "●"}
KINDS = {
    "client-burst": "Client burst",
    "error-burst": "Error burst",
    "latency-regression": "Slower than usual",
    "flood": "Flood",
    "credential-stuffing": "Credential stuffing",
    "vulnerability-scan": "Vulnerability scan",
}


class Pages:
    """The templates. Vendor libraries that were not fetched are left out: pages work without."""

    def __init__(self) -> None:
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            utc=to_utc,
            clock=to_clock,
            span=to_span,
            number=to_number,
            percent=to_percent,
            kind=to_kind,
            counted=counted,
            rate=to_rate,
            measured=measured,
            shared_value=shared_value,
            observed=to_observed,
            told=told,
            bound=bound_line,
            identities=identities,
            diff=to_diff,
            connections=to_connections,
            mark=lambda severity: MARKS.get(severity, "●"),
        )
        is_fetched = all((STATIC / "vendor" / name).is_file() for name in VENDOR)
        self._environment.globals.update(has_vendor=is_fetched)

    def page(self, template: str, values: Mapping[str, object], *, status: int = 200) -> Response:
        """A page as a response."""
        text = self._environment.get_template(template).render(values)
        return HTMLResponse(text, status, headers={"Cache-Control": "no-store", **SECURITY_FIELDS})


def to_clock(seconds: float) -> str:
    """`04:18:16`, UTC."""
    return to_utc(seconds)[11:]


def to_number(value: float) -> str:
    """Three significant digits, thousands apart; a dash where there is none.

    >>> to_number(1234.5), to_number(0.01234), to_number(12.0)
    ('1,234', '0.0123', '12')
    """
    if math.isnan(value):
        return NOTHING
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def to_percent(share: float) -> str:
    """A share as percent, three significant digits; more than nothing is never shown as nothing.

    No line breaks before the sign.

    >>> [to_percent(each).replace(UNBROKEN, " ") for each in (0.0, 0.00004, 0.0115, 1.0)]
    ['0 %', '< 0.01 %', '1.15 %', '100 %']
    """
    told = "< 0.01" if 0 < share < 0.0001 else f"{share * 100:.3g}"
    return f"{told}{UNBROKEN}%"


def to_kind(kind: str) -> str:
    """A finding's kind in words."""
    return KINDS.get(kind, kind.replace("-", " ").capitalize())


def to_observed(name: str) -> str:
    """What was measured, in words.

    >>> to_observed("missed_paths_10s")
    'missed paths in 10 s'
    """
    return name.replace("_10s", " in 10 s").replace("_", " ")


def to_connections(client: str) -> str:
    """An address of the ledger's `slow_clients` with its open connections and unfinished messages, in words.

    >>> to_connections("10.0.0.1 128 0"), to_connections("10.0.0.1 1 1")
    ('10.0.0.1: 128 open', '10.0.0.1: 1 open, 1 of them in the middle of a message')
    """
    match client.split(" "):
        case [address, is_open, "0"]:
            return f"{address}: {is_open} open"
        case [address, is_open, unfinished]:
            return f"{address}: {is_open} open, {unfinished} of them in the middle of a message"
    return client


def to_diff(diff: str) -> list[tuple[str, str]]:
    """Lines of a unified diff, each as (tag, line): `ins`, `del`, or `span` for what surrounds them."""
    tags = {"+": "ins", "-": "del"}
    return [
        ("span" if line.startswith(("+++", "---")) else tags.get(line[:1], "span"), line)
        for line in diff.splitlines()
    ]
