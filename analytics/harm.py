"""How much harm may hide behind what was seen: the Clopper-Pearson upper limit of a share.

Of n identities, k were harmed. The upper limit p is the largest share that would still give k or fewer
with probability 1 - confidence: the confidence quantile of Beta(k + 1, n - k). Without harm it is
1 - (1 - confidence)^(1/n), so that 1 % needs n = 299. Source: Clopper and Pearson, Biometrika 26 (1934).
"""

from scipy.special import betaincinv

from kernel.replays import CONFIDENCE, Bound


def upper_limit(harmed: int, n: int, confidence: float = CONFIDENCE) -> float:
    """The one-sided upper limit of a share of which `harmed` of `n` were seen; 1 where nothing was.

    >>> round(upper_limit(0, 299), 4)
    0.01
    """
    if harmed >= n:
        return 1.0
    return float(betaincinv(harmed + 1, n - harmed, confidence))


def bound_of(harmed: int, n: int) -> Bound:
    """Harm to `harmed` of `n` identities, bounded."""
    return Bound(harmed, n, upper_limit(harmed, n))


def simultaneous_limits(harmed: list[int], n: int) -> list[float]:
    """Upper limits that hold for all entries together: each is given its part of the doubt (Bonferroni)."""
    each = 1.0 - (1.0 - CONFIDENCE) / max(1, len(harmed))
    return [upper_limit(one, n, each) for one in harmed]
