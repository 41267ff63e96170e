"""Rates and durations in words, for people; `kernel.patch.to_rate` writes rates for a policy."""

from kernel.policy import RATE_SECONDS

# (from so many milliseconds on, unit, milliseconds of one). What three digits would round to 1,000 ms is told
# in seconds; people say 90 s and 90 min, but not 7,200 s.
DURATIONS = (
    (172_800_000.0, "d", 86_400_000.0),
    (7_200_000.0, "h", 3_600_000.0),
    (120_000.0, "min", 60_000.0),
    (999.5, "s", 1_000.0),
)


def to_rate(per_second: float, noun: str = "") -> str:
    """A rate as people say it, in the units of a policy's rates: never below 1 where a longer unit helps.

    >>> to_rate(40.0), to_rate(2.0, "requests"), to_rate(0.042), to_rate(2 / 3600), to_rate(0.0)
    ('40/s', '2 requests/s', '2.52/min', '2/h', '0/s')
    """
    unit, size = next(
        ((unit, size) for unit, size in RATE_SECONDS.items() if abs(per_second) * size >= 0.9995),
        ("s", 1.0) if per_second == 0 else ("d", RATE_SECONDS["d"]),
    )
    amount = per_second * size
    told = f"{amount:,.0f}" if abs(amount) >= 100 else f"{amount:.3g}"
    return f"{told} {noun}/{unit}" if noun else f"{told}/{unit}"


def to_duration(milliseconds: float) -> str:
    """A duration as people say it: three digits, below a millisecond two, and nothing below a microsecond.

    >>> to_duration(1013.0), to_duration(42.93), to_duration(0.674), to_duration(90_000), to_duration(0.0)
    ('1.01 s', '42.9 ms', '0.67 ms', '90 s', '0 ms')
    """
    for least, unit, size in DURATIONS:
        if abs(milliseconds) >= least:
            amount = milliseconds / size
            return f"{amount:,.0f} {unit}" if abs(amount) >= 100 else f"{amount:.3g} {unit}"
    rounded = round(milliseconds, 3)
    return f"{rounded:.3g} ms" if abs(rounded) >= 1 else f"{rounded:.2g} ms"
