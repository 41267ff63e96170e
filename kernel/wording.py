"""Rates in words, for people; `kernel.patch.to_rate` writes them for a policy."""

from kernel.policy import RATE_SECONDS


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
