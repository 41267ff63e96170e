"""Times as operators write and read them."""

import datetime as dt
import re

AGO = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
LATEST_S = 1e11  # since 1970: the year 5138; milliseconds since then are beyond
SECONDS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def parse_since(text: str, now: float) -> float | None:
    """`10m`, `2h`, `1d` before `now`, an ISO 8601 time (UTC without an offset), or seconds since 1970.

    None where it is none of these.
    """
    ago = AGO.fullmatch(text)
    if ago:
        return now - float(ago[1]) * SECONDS[ago[2]]
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()


def why_no_time(name: str, seconds: float) -> str:
    """Why a number is no time in seconds since 1970, as a sentence; empty where it is one."""
    if 0 <= seconds <= LATEST_S:
        return ""
    hint = ": is it in milliseconds?" if seconds > LATEST_S else ""
    return f"{name}: {seconds:g} is no time in seconds since 1970{hint}"


def to_utc(seconds: float) -> str:
    """`2026-11-24 04:18:16`, UTC; what no calendar holds is told as the number that it is."""
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return f"{seconds:g} s"


def to_span(seconds: float) -> str:
    """`45 s`, `9 min`, `3 h`, `2 d`."""
    for unit, size in (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
