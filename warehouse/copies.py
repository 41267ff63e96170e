"""Copies of what the console decided, for joins and boards; the truth is the console's store.

Writing one again replaces it: the newest version of a key stands.
"""

from collections.abc import Sequence

import msgspec
from clickhouse_connect.driver.client import Client

from kernel.control import Label, Marker, Revision, SeenProxy
from kernel.recommendations import Reviewed
from kernel.replays import Bound
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


def insert_copies(client: Client, tenant: str, copied: Copied) -> None:
    """Stores copies. Raises clickhouse_connect's errors."""
    _insert(client, "revisions", [_row(tenant, each) for each in copied.revisions])
    _insert(client, "markers", [_row(tenant, each) for each in copied.markers])
    _insert(client, "labels", [_row(tenant, each) for each in copied.labels])
    _insert(client, "proxies", [_row(tenant, each) for each in copied.proxies])
    _insert(client, "recommendations", [_reviewed(tenant, each) for each in copied.recommendations])


def _insert(client: Client, table: str, rows: Sequence[dict[str, object]]) -> None:
    if rows:
        client.insert(table, [list(row.values()) for row in rows], column_names=list(rows[0]))


def _row(tenant: str, each: Revision | Marker | Label | SeenProxy) -> dict[str, object]:
    fields = {name: getattr(each, name) for name in each.__struct_fields__}
    times = {name: to_datetime(value) for name, value in fields.items() if name in _TIMES}
    if isinstance(each, SeenProxy):  # as the proxy told it, whoever it is
        fields["overlays_version"] = max(each.overlays_version, 0)
    return {"tenant": tenant, **fields, **times}


def _reviewed(tenant: str, reviewed: Reviewed) -> dict[str, object]:
    proposed, approval, realised = reviewed.recommendation, reviewed.approval, reviewed.realised
    promised = approval.promised if approval else proposed.replay.bound if proposed.replay else None
    bound = promised or UNKNOWN
    harm = realised.bound if realised else UNKNOWN
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
        "harm_promised": bound.upper,
        "harmed_promised": bound.harmed,
        "n_promised": bound.n,
        "harm_realised": harm.upper,
        "harmed_realised": harm.harmed,
        "n_realised": harm.n,
        "attack_refused": realised.attack.requests if realised else 0,
        "legitimate_refused": realised.legitimate.requests if realised else 0,
    }
