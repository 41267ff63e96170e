"""Policy -> Snapshot. The policy has passed `kernel.check`; compiling it cannot fail."""

import hashlib
from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec

from kernel.addresses import Networks
from kernel.findings import Overlay
from kernel.limits import Quota
from kernel.matching import Matcher, Pattern, parameter_names
from kernel.policy import AccessRule, HeaderKey, Limit, Policy, Route, Rule, Signals, Upstream
from kernel.snapshot import (
    NEVER,
    AccessPlan,
    LimitPlan,
    Personal,
    Principal,
    RoutePlan,
    SignalPlan,
    Snapshot,
    UpstreamPlan,
)

REVISION_DIGITS = 12
CONTROL_OF_MODE = {"shadow": False, "canary": None, "enforce": True}


def revision_of(text: str) -> str:
    """A revision's name: the first 12 hex digits of the SHA-256 of the document's text."""
    return hashlib.sha256(text.encode()).hexdigest()[:REVISION_DIGITS]


def compile_policy(policy: Policy, revision: str, hash_key: bytes) -> Snapshot:
    """Compile a checked policy; `hash_key` keys canaries and telemetry's hashes."""
    headers = tuple(
        sorted({limit.key.header.lower() for limit in policy.limits if isinstance(limit.key, HeaderKey)})
    )
    return Snapshot(
        tenant=policy.tenant,
        revision=revision,
        policy=policy,
        matcher=Matcher(
            [Pattern(route.path, (route.host or "").lower(), route.methods) for route in policy.routes]
        ),
        routes=tuple(
            to_route_plan(index, route, policy, headers) for index, route in enumerate(policy.routes)
        ),
        access=tuple(
            to_access_plan(rule) for rule in policy.access if rule.mode != "off" and not rule.routes
        ),
        credentials=credentials_of(policy),
        limit_headers=tuple(name.encode("latin-1") for name in headers),
        api_key_header=policy.api_key_header.lower().encode("latin-1"),
        trusted=Networks(policy.trusted_proxies),
        addresses=policy.telemetry.addresses,
        keep_user_agent=policy.telemetry.user_agent,
        timeouts=policy.timeouts,
        hash_key=hash_key,
        overlays_version=0,
    )


def credentials_of(policy: Policy) -> dict[bytes, Principal]:
    """Digest of each key -> who holds it."""
    return {
        bytes.fromhex(key.sha256): Principal(
            consumer=consumer.name,
            plan=consumer.plan or "",
            identity=f"consumer:{consumer.name}",
            credential_hash=int(key.sha256[:16], 16),
            expires_at=key.expires_at.timestamp() if key.expires_at else NEVER,
        )
        for consumer in policy.consumers
        for key in consumer.keys
    }


def to_route_plan(index: int, route: Route, policy: Policy, headers: tuple[str, ...]) -> RoutePlan:
    """One route with its upstream, rules and deadlines resolved."""
    upstream = next(each for each in policy.upstreams if each.name == route.upstream)
    limits = [limit for limit in policy.limits if applies(limit, route)]
    return RoutePlan(
        index=index,
        name=route.name,
        template=route.path,
        host=(route.host or "").lower(),
        parameters=parameter_names(route.path),
        upstream=to_upstream_plan(upstream),
        auth=route.auth,
        access=tuple(to_access_plan(rule) for rule in policy.access if applies(rule, route)),
        limits=tuple(to_limit_plan(limit, headers) for limit in limits if not limit.plans),
        limits_by_plan={
            plan.name: tuple(
                to_limit_plan(limit, headers)
                for limit in limits
                if not limit.plans or plan.name in limit.plans
            )
            for plan in policy.plans
        },
        max_body_bytes=policy.max_body_bytes if route.max_body_bytes is None else route.max_body_bytes,
        timeouts=route.timeouts or upstream.timeouts or policy.timeouts,
        strip_prefix=(route.strip_prefix or "").rstrip("/"),
        signals=to_signal_plan(route.signals) if route.signals else None,
    )


def applies(rule: Rule, route: Route) -> bool:
    """Whether a rule is on for a route."""
    return rule.mode != "off" and (not rule.routes or route.name in rule.routes)


def expiry_of(rule: Rule) -> float:
    """Seconds since 1970, or NEVER."""
    return rule.expires_at.timestamp() if rule.expires_at else NEVER


def to_limit_plan(limit: Limit, headers: tuple[str, ...]) -> LimitPlan:
    """A limit without overlays."""
    return LimitPlan(
        name=limit.name,
        enforced=CONTROL_OF_MODE[limit.mode],
        canary=limit.canary,
        expires_at=expiry_of(limit),
        key="header" if isinstance(limit.key, HeaderKey) else limit.key,
        header=headers.index(limit.key.header.lower()) if isinstance(limit.key, HeaderKey) else -1,
        quota=Quota(limit.rate, limit.burst),
        everybody=None,
        personal={},
    )


def to_access_plan(rule: AccessRule) -> AccessPlan:
    """An access rule with its networks parsed."""
    return AccessPlan(
        name=rule.name,
        enforced=CONTROL_OF_MODE[rule.mode],
        canary=rule.canary,
        expires_at=expiry_of(rule),
        allow=rule.action == "allow",
        networks=Networks(rule.networks),
    )


def to_upstream_plan(upstream: Upstream) -> UpstreamPlan:
    """An upstream with its URL parsed."""
    parts = urlsplit(upstream.url)
    host = parts.hostname or ""
    bracketed = f"[{host}]" if ":" in host else host
    port = parts.port or 80
    return UpstreamPlan(
        name=upstream.name,
        host=host,
        port=port,
        authority=bracketed if port == 80 else f"{bracketed}:{port}",
        prefix=parts.path.rstrip("/"),
        keep_client_host=upstream.host == "client",
        max_connections=upstream.max_connections,
    )


def to_signal_plan(signals: Signals) -> SignalPlan:
    """Signals with their sources split into (where, name)."""

    def source(text: str | None) -> tuple[str, str] | None:
        if text is None:
            return None
        where, _, name = text.partition(":")
        return where, name

    return SignalPlan(source(signals.subject), source(signals.object_id), frozenset(signals.success))


def without_keys(snapshot: Snapshot, revoked: frozenset[str]) -> Snapshot:
    """The same revision, in which the API keys of these SHA-256 (hex) are unknown."""
    credentials = {
        digest: principal
        for digest, principal in credentials_of(snapshot.policy).items()
        if digest.hex() not in revoked
    }
    return msgspec.structs.replace(snapshot, credentials=credentials)


def with_overlays(snapshot: Snapshot, overlays: Iterable[Overlay], version: int) -> Snapshot:
    """The same revision under other overlays; those for limits that are not adaptive are ignored."""
    adaptive = {limit.name: limit for limit in snapshot.policy.limits if limit.adaptive is not None}
    shared: dict[str, Personal] = {}
    personal: dict[str, dict[str, Personal]] = {}
    for overlay in overlays:
        limit = adaptive.get(overlay.limit)
        if limit is None or limit.adaptive is None or overlay.tenant != snapshot.tenant:
            continue
        rate = min(max(overlay.rate, limit.adaptive.floor), limit.adaptive.ceiling)
        value = Personal(Quota(rate, max(1, overlay.burst)), overlay.id, overlay.expires_at)
        if overlay.identity:
            personal.setdefault(overlay.limit, {})[overlay.identity] = value
        else:
            shared[overlay.limit] = value

    def apply(plans: tuple[LimitPlan, ...]) -> tuple[LimitPlan, ...]:
        return tuple(
            msgspec.structs.replace(
                plan, everybody=shared.get(plan.name), personal=personal.get(plan.name, {})
            )
            for plan in plans
        )

    routes = tuple(
        msgspec.structs.replace(
            route,
            limits=apply(route.limits),
            limits_by_plan={name: apply(plans) for name, plans in route.limits_by_plan.items()},
        )
        for route in snapshot.routes
    )
    return msgspec.structs.replace(snapshot, routes=routes, overlays_version=version)
