"""Copies of what the console decided, for joins and boards; the truth is the console's store.

Writing one again replaces it: the newest version of a key stands.
"""

from collections.abc import Sequence

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, DataError

from kernel.control import Label, Marker, Revision, SeenProxy
from kernel.recommendations import KeptApproval, Realised, Reviewed
from kernel.replays import Bound
from warehouse.failures import is_answer, to_line, to_reason
from warehouse.moments import to_datetime

UNKNOWN = Bound(0, 0, 1.0)
_TIMES = frozenset({"at", "created_at", "seen_at"})


class Copied(msgspec.Struct, frozen=True):
    """What is copied: everything, or what has changed since the last copy."""

    revisions: tuple[Revision, ...] = ()
    recommendations: tuple[Reviewed, ...] = ()
    markers: tuple[Marker, ...] = ()
    labels: tuple[Label, ...] = ()
    proxies: tuple[SeenProxy, ...] = ()
    approvals: tuple[KeptApproval, ...] = ()


Copy = Revision | Reviewed | Marker | Label | SeenProxy | KeptApproval


class Refused(msgspec.Struct, frozen=True):
    """A copy that no table takes, by what it is called."""

    kind: str
    id: str
    reason: str


class Outcome(msgspec.Struct, frozen=True):
    """What was refused for good, and the kinds that must be tried again, each with a line why."""

    refused: tuple[Refused, ...]
    waiting: dict[str, str]


def insert_copies(client: Client, tenant: str, copied: Copied) -> Outcome:
    """Stores copies kind by kind: none holds back another. Raises what a warehouse that is away does."""
    refused: list[Refused] = []
    waiting: dict[str, str] = {}
    for kind in Copied.__struct_fields__:
        try:
            refused += _insert_kind(client, tenant, kind, getattr(copied, kind))
        except DatabaseError as failure:
            if not is_answer(failure):
                raise
            waiting[kind] = to_line(failure)
    return Outcome(tuple(refused), waiting)


def _insert_kind(client: Client, tenant: str, kind: str, copies: Sequence[Copy]) -> list[Refused]:
    try:
        _insert(client, kind, [_row(tenant, each) for each in copies])
    except DataError:
        return [each for one in copies for each in _insert_one(client, tenant, kind, one)]
    return []


def _insert_one(client: Client, tenant: str, kind: str, one: Copy) -> list[Refused]:
    try:
        _insert(client, kind, [_row(tenant, one)])
    except DataError as failure:
        return [Refused(kind, _id(one), to_reason(failure))]
    return []


def _id(one: Copy) -> str:
    match one:
        case Reviewed():
            return one.recommendation.id
        case Revision():
            return one.revision
        case Label():
            return one.finding or one.identity
        case Marker():
            return one.text
        case SeenProxy():
            return one.name
        case KeptApproval():
            return one.recommendation


def _insert(client: Client, table: str, rows: Sequence[dict[str, object]]) -> None:
    if rows:
        client.insert(table, [list(row.values()) for row in rows], column_names=list(rows[0]))


def _row(tenant: str, each: Copy) -> dict[str, object]:
    if isinstance(each, Reviewed):
        return _reviewed(tenant, each)
    if isinstance(each, KeptApproval):
        return _approval(tenant, each)
    fields = {name: getattr(each, name) for name in each.__struct_fields__}
    times = {name: to_datetime(value) for name, value in fields.items() if name in _TIMES}
    if isinstance(each, SeenProxy):  # as the proxy told it, whoever it is
        fields["overlays_version"] = max(each.overlays_version, 0)
    return {"tenant": tenant, **fields, **times}


def _reviewed(tenant: str, reviewed: Reviewed) -> dict[str, object]:
    proposed, approval, realised = reviewed.recommendation, reviewed.approval, reviewed.realised
    promised = approval.promised if approval else proposed.replay.bound if proposed.replay else None
    return {
        "tenant": tenant,
        "id": proposed.id,
        "kind": proposed.kind,
        "detector": proposed.detector,
        "finding": proposed.finding,
        "route": proposed.route,
        "title": proposed.title,
        "state": reviewed.state,
        "confidence": proposed.confidence,
        "created_at": to_datetime(proposed.created_at),
        "changed_at": to_datetime(reviewed.changed_at),
        "expires_at": to_datetime(approval.expires_at if approval else proposed.expires_at),
        "rules": list(proposed.rules),
        "mode": approval.mode if approval else "",
        "revision": approval.revision if approval else "",
        **_harm(promised, realised),
    }


def _approval(tenant: str, kept: KeptApproval) -> dict[str, object]:
    approval = kept.approval
    return {
        "tenant": tenant,
        "recommendation": kept.recommendation,
        "decided_at": to_datetime(approval.decided_at),
        "kind": kept.kind,
        "route": kept.route,
        "title": kept.title,
        "rules": list(kept.rules),
        "patch": kept.patch,
        "mode": approval.mode,
        "canary": approval.canary,
        "revision": approval.revision,
        "author": approval.author,
        "reason": approval.reason,
        "expires_at": to_datetime(approval.expires_at),
        "ended_at": to_datetime(kept.ended_at),
        "why": kept.why,
        **_harm(approval.promised, kept.realised),
    }


def _harm(promised: Bound | None, realised: Realised | None) -> dict[str, object]:
    bound = promised or UNKNOWN
    harm = realised.bound if realised else UNKNOWN
    return {
        "harm_promised": bound.upper,
        "harmed_promised": bound.harmed,
        "n_promised": bound.n,
        "harm_realised": harm.upper,
        "harmed_realised": harm.harmed,
        "n_realised": harm.n,
        "attack_refused": realised.attack.requests if realised else 0,
        "legitimate_refused": realised.legitimate.requests if realised else 0,
    }
