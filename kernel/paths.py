"""Paths are normalised once; the same form is matched, judged and forwarded (RFC 3986 section 6.2.2).

Escapes of unreserved characters are decoded, other escapes written in upper case, dot segments
resolved, doubled slashes collapsed. What means different things to different servers does not
normalise and is refused: a broken escape, an encoded slash, backslash or control character, a raw
backslash or fragment, a path that climbs above its root, a dot segment with path parameters (`..;`).
"""

import re

# No escape, no empty or dot segment: already normal. Nearly every path of real traffic is.
NORMAL = re.compile(
    rb"(?:/[A-Za-z0-9_~!$&'()*+,=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]*)+/?|/",
).fullmatch
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
KEPT = UNRESERVED | frozenset(b"!$&'()*+,;=:@/")
ESCAPED = frozenset(b'"<>^`{|}')  # sloppy clients send them bare; they are escaped on the way
FORBIDDEN = frozenset(range(0x20)) | {0x7F, ord("/"), ord("\\")}
HEX = frozenset(b"0123456789abcdefABCDEF")
PERCENT = ord("%")
MOST_SEGMENTS = 128  # bounds the matcher's work


def normalise(path: bytes) -> str | None:
    """The normal form of an absolute path without its query, or None where there is none."""
    if NORMAL(path) is not None and path.count(b"/") <= MOST_SEGMENTS:
        return path.decode("ascii")
    if not path.startswith(b"/"):
        return None
    text = unescape(path)
    if text is None:
        return None
    return resolve(text)


def unescape(path: bytes) -> str | None:
    """Escapes in their normal form, or None where one is broken or forbidden."""
    out: list[str] = []
    at = 0
    while at < len(path):
        octet = path[at]
        at += 1
        if octet in KEPT:
            out.append(chr(octet))
            continue
        if octet == PERCENT:
            digits = path[at : at + 2]
            if len(digits) != 2 or not HEX.issuperset(digits):
                return None
            octet = int(digits, 16)
            at += 2
            if octet in FORBIDDEN:
                return None
        elif octet not in ESCAPED:
            return None
        out.append(chr(octet) if octet in UNRESERVED else f"%{octet:02X}")
    return "".join(out)


def resolve(text: str) -> str | None:
    """Dot segments and empty segments taken out, or None where the path climbs above its root."""
    parts = text.split("/")[1:]
    kept: list[str] = []
    for part in parts:
        name, parameters, _ = part.partition(";")
        if name == ".." and not parameters:
            if not kept:
                return None
            kept.pop()
        elif name in (".", "..") and parameters:
            return None
        elif part not in ("", "."):
            kept.append(part)
    if len(kept) > MOST_SEGMENTS:
        return None
    if kept and parts[-1] in ("", ".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
