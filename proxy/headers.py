"""Header fields: which end here, which are rewritten, which are forwarded untouched.

A name is classified once and remembered with the spelling in which it came; the hot path then
asks one dictionary. Names that a CGI-like upstream would fold into a gateway's field (`X_Consumer`)
are treated as that field.
"""

from collections.abc import Iterable, Sequence

MOST_SPELLINGS = 4_096  # attackers choose spellings; what is over is classified each time

GATEWAY = b"tidegate"  # pseudonym in Via

PLAIN = 0  # forwarded as it is
DROP = 1
HOST = 2
CONTENT_LENGTH = 3
TRANSFER_ENCODING = 4
CONNECTION = 5
API_KEY = 6
USER_AGENT = 7
X_FORWARDED_FOR = 8
X_FORWARDED_PROTO = 9
X_FORWARDED_HOST = 10
FORWARDED = 11
TRACEPARENT = 12
TRACESTATE = 13
X_REQUEST_ID = 14
EXPECT = 15
VIA = 16
MAX_FORWARDS = 17
CONTENT_TYPE = 18
AUTHORIZATION = 19
LIMIT = 32  # LIMIT + i: the i-th of Snapshot.limit_headers

HOP_BY_HOP: dict[bytes, int] = {  # RFC 9110 section 7.6.1
    b"keep-alive": DROP,
    b"proxy-connection": DROP,
    b"proxy-authenticate": DROP,
    b"proxy-authorization": DROP,
    b"te": DROP,
    b"trailer": DROP,
    b"upgrade": DROP,
}
REQUEST: dict[bytes, int] = {
    b"host": HOST,
    b"content-length": CONTENT_LENGTH,
    b"transfer-encoding": TRANSFER_ENCODING,
    b"connection": CONNECTION,
    b"user-agent": USER_AGENT,
    b"x-forwarded-for": X_FORWARDED_FOR,
    b"x-forwarded-proto": X_FORWARDED_PROTO,
    b"x-forwarded-host": X_FORWARDED_HOST,
    b"forwarded": FORWARDED,
    b"traceparent": TRACEPARENT,
    b"tracestate": TRACESTATE,
    b"x-request-id": X_REQUEST_ID,
    b"expect": EXPECT,
    b"via": VIA,
    b"max-forwards": MAX_FORWARDS,
    b"content-type": CONTENT_TYPE,
    b"authorization": AUTHORIZATION,
    **HOP_BY_HOP,
    b"http2-settings": DROP,
    # What only the gateway may set.
    b"x-consumer": DROP,
    b"x-forwarded-port": DROP,
    b"x-forwarded-prefix": DROP,
    b"x-forwarded-server": DROP,
    b"x-real-ip": DROP,
}
RESPONSE: dict[bytes, int] = {
    b"content-length": CONTENT_LENGTH,
    b"transfer-encoding": TRANSFER_ENCODING,
    b"connection": CONNECTION,
    b"via": VIA,
    b"x-request-id": DROP,
    **HOP_BY_HOP,
}

FORWARDED_TOO = frozenset({USER_AGENT, CONTENT_TYPE, AUTHORIZATION})
LISTS = frozenset({CONNECTION, X_FORWARDED_FOR, FORWARDED, TRACESTATE, VIA})
# `Connection` may name these: they are dropped anyway.
CONNECTION_OPTIONS = frozenset(
    {
        b"close",
        b"keep-alive",
        b"te",
        b"upgrade",
        b"http2-settings",
        b"proxy-connection",
        b"trailer",
        b"proxy-authenticate",
        b"proxy-authorization",
    }
)


class Ambiguous(ValueError):  # states a fact
    """Fields that two parties may read differently; str() says why."""


class Codes(dict[bytes, int]):
    """Spelling of a field's name -> its code."""

    __slots__ = ("_known",)

    def __init__(self, known: dict[bytes, int]) -> None:
        super().__init__()
        self._known = known

    def __missing__(self, name: bytes) -> int:
        lower = name.lower()
        code = self._known.get(lower, PLAIN)
        if code == PLAIN and b"_" in lower and self._known.get(lower.replace(b"_", b"-"), PLAIN) != PLAIN:
            code = DROP
        if len(self) < MOST_SPELLINGS:
            self[name] = code
        return code


def request_codes(api_key_header: bytes, limit_headers: Iterable[bytes]) -> Codes:
    """Codes of request fields under one policy; names are in lower case."""
    known = {name: LIMIT + index for index, name in enumerate(limit_headers)}
    known.update(REQUEST)
    known[api_key_header] = API_KEY
    return Codes(known)


Sorted = tuple[dict[int, bytes], list[bytes]]  # fields by code; lines to forward, in pieces


def sort_fields(names: Sequence[bytes], values: Sequence[bytes], codes: Codes) -> Sorted:
    """Sort a request's fields. Raises Ambiguous where one that must be single is not."""
    noted: dict[int, bytes] = {}
    lines: list[bytes] = []
    for name, value in zip(names, values, strict=True):
        code = codes[name]
        if not code:
            lines += (name, b": ", value, b"\r\n")
            continue
        if code == DROP:
            continue
        if code in noted:
            value = merge(code, name, noted[code], value)
        elif code >= LIMIT or code in FORWARDED_TOO:
            lines += (name, b": ", value, b"\r\n")
        noted[code] = value
    return noted, lines


def merge(code: int, name: bytes, before: bytes, value: bytes) -> bytes:
    """The value of a repeated field. Raises Ambiguous where it must not be repeated."""
    if code not in LISTS:
        raise Ambiguous(f"the field {name.decode('latin-1')} is repeated")
    return before + b", " + value


def connection_options(value: bytes) -> frozenset[bytes]:
    """Options of a `Connection` field, in lower case."""
    return frozenset(option.strip(b" \t").lower() for option in value.split(b",")) - {b""}


def strip_named(
    names: Sequence[bytes], values: Sequence[bytes], codes: Codes, named: frozenset[bytes]
) -> Sorted:
    """Sort a request's fields without those that `Connection` names.

    Raises Ambiguous where it names a field that the gateway or the framing relies on.
    """
    for option in named:
        if codes[option] not in (PLAIN, DROP, USER_AGENT) or option.startswith(b"content-"):
            raise Ambiguous(f"Connection names {option.decode('latin-1')}")
        if codes[option] == DROP and option not in CONNECTION_OPTIONS:
            raise Ambiguous(f"Connection names {option.decode('latin-1')}")
    kept = [at for at, name in enumerate(names) if name.lower() not in named]
    return sort_fields([names[at] for at in kept], [values[at] for at in kept], codes)
