"""What the audit says of a change of overlays: each identity's value, and why; of very many, how many."""

from collections.abc import Iterable, Iterator

from console.audit import Deed
from console.wording import counted
from kernel.findings import Overlay
from kernel.wording import to_rate

MOST_REASONS = 3  # told in one entry
MOST_NAMED = 20  # identities that have an entry each, of one change of one limit; the rest share one


def overlay_deeds(
    before: Iterable[Overlay], after: Iterable[Overlay], *, author: str, withdrawn_because: str = ""
) -> tuple[Deed, ...]:
    """The deeds between two sets; a renewal alone (a later expiry of the same value) is none."""
    old, new = values_of(before), values_of(after)
    limits = sorted({overlay.limit for overlay in (*old.values(), *new.values())})
    return tuple(deed for limit in limits for deed in deeds_on(limit, old, new, (author, withdrawn_because)))


def values_of(overlays: Iterable[Overlay]) -> dict[tuple[str, str], Overlay]:
    """Overlays by limit and identity."""
    return {(overlay.limit, overlay.identity): overlay for overlay in overlays}


def deeds_on(
    limit: str,
    old: dict[tuple[str, str], Overlay],
    new: dict[tuple[str, str], Overlay],
    by: tuple[str, str],
) -> Iterator[Deed]:
    """The deeds on one limit, by an author and why what is gone was withdrawn."""
    author, because = by
    is_set = [each for key, each in new.items() if key[0] == limit and has_changed(old.get(key), each)]
    gone = [each for key, each in old.items() if key[0] == limit and key not in new]
    left = counted(sum(key[0] == limit for key in new), "value")
    for each in apart(is_set):
        yield Deed(author, "set adaptive limit", about(limit, each), f"{values(each)}; {left} in force")
    for each in apart(gone):
        why = because or reasons(each)
        yield Deed(
            author, "withdraw adaptive limit", about(limit, each), f"{whom(each)}: {why}; {left} in force"
        )


def apart(overlays: list[Overlay]) -> Iterator[list[Overlay]]:
    """Each by itself, lest one hides the others' values; those beyond MOST_NAMED together."""
    named, rest = overlays[:MOST_NAMED], overlays[MOST_NAMED:]
    yield from ([each] for each in named)
    if rest:
        yield rest


def about(limit: str, overlays: list[Overlay]) -> str:
    """On what the audit notes it: the limit, and the identity where it is about one."""
    return f"{limit} {overlays[0].identity}".rstrip() if len(overlays) == 1 else limit


def has_changed(old: Overlay | None, new: Overlay) -> bool:
    """Whether `new` is another value than `old`."""
    return old is None or (old.rate, old.burst) != (new.rate, new.burst)


def values(overlays: list[Overlay]) -> str:
    """Which values, for whom, and why."""
    lowest, highest = (to_rate(pick(each.rate for each in overlays)) for pick in (min, max))
    rates = lowest if lowest == highest else f"{lowest} to {highest}"
    return f"{rates} for {whom(overlays)}: {reasons(overlays)}"


def whom(overlays: list[Overlay]) -> str:
    """Everybody, one identity, or how many."""
    if len(overlays) == 1:
        return overlays[0].identity or "all"
    return f"{len(overlays):,} identities"


def reasons(overlays: list[Overlay]) -> str:
    """The reasons, MOST_REASONS at most."""
    known = sorted({each.reason for each in overlays})
    more = len(known) - MOST_REASONS
    return ", ".join(known[:MOST_REASONS]) + (f" and {more} more" if more > 0 else "")
