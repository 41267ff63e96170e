"""Moving parts as server-sent events: the whole part, each EVERY_S and at once when what is in force changes.

A stream ends with its session, and when the process is about to end.
"""

from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from console.web.forms import NotShown
from console.web.rendering import SECURITY_FIELDS
from console.web.site import Site, Unseen

EVERY_S = 2.0
STREAMED_S = 1.0  # all streams of that time show one answer: two hundred open pages ask as much as two
SIGNED_OUT = b"event: signed-out\ndata: sign in again\n\n"

Render = Callable[[], Awaitable[Response]]


async def stream_of(site: Site, request: Request, render: Render) -> Response:
    """What `render` shows, again and again. Raises what it raises at first: then there is no stream."""
    site.session_of(request)
    first = await render()
    fields = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", **SECURITY_FIELDS}
    return StreamingResponse(events_of(site, first, render), media_type="text/event-stream", headers=fields)


async def events_of(site: Site, first: Response, render: Render) -> AsyncIterator[bytes]:
    """The first part at once, then one after each change, and each EVERY_S without."""
    part = first
    while not site.state.is_ending:
        seen = site.state.revision, site.state.overlays_version
        yield to_event(bytes(part.body))
        await site.state.follow(*seen, EVERY_S)
        try:
            part = await render()
        except (Unseen, NotShown):
            yield SIGNED_OUT
            return


def to_event(part: bytes) -> bytes:
    r"""A part as one event: each line of it is a line of data.

    >>> to_event(b"<p>\n</p>")
    b'data: <p>\ndata: </p>\n\n'
    """
    return b"".join(b"data: " + line + b"\n" for line in part.splitlines()) + b"\n"
