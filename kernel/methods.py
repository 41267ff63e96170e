"""Which methods are relayed, whichever server read the request: the proxy refuses by this list and
`tidegate explain` tells by it. Methods are case-sensitive (RFC 9110 section 9.1): `get` is not `GET`.
"""

import re

from kernel.policy import METHODS

# What httptools (llhttp 9) takes beside those that a route can name. Not in the list, though it takes
# them: CONNECT and TRACE (tunnels and echoes of credentials), and SOURCE (of ICEcast, not of HTTP).
FURTHER = (
    *("ACL", "BIND", "CHECKOUT", "COPY", "LINK", "LOCK", "M-SEARCH", "MERGE", "MKACTIVITY", "MKCALENDAR"),
    *("MKCOL", "MOVE", "NOTIFY", "PROPFIND", "PROPPATCH", "PURGE", "QUERY", "REBIND", "REPORT", "SEARCH"),
    *("SUBSCRIBE", "UNBIND", "UNLINK", "UNLOCK", "UNSUBSCRIBE"),
)
RELAYED = frozenset((*METHODS, *FURTHER))
IS_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}").fullmatch


def refusal_of_method(method: str) -> int:
    """0 where a method is relayed if a route takes it; else the status: 501, or 400 where it is none."""
    if method in RELAYED:
        return 0
    return 501 if IS_METHOD(method) else 400
