"""The account of one request, and the event row that is made of it.

The row is a tuple in the order of kernel.events.COLUMNS. Hashes are keyed and remembered per
snapshot; addresses are kept as the policy's `telemetry.addresses` says, identities likewise.
"""

import ipaddress

from kernel.addresses import Address, identity_of_address, parse_address
from kernel.decide import LimitVerdict
from kernel.events import OTHER, EventRow
from kernel.hashing import keyed_hash
from kernel.policy import METHODS
from kernel.snapshot import Principal, RoutePlan, Snapshot
from proxy import headers
from proxy.head import RequestHead
from proxy.pipeline import Judgement
from proxy.prepared import Memo, Prepared
from proxy.signals import NO_SIGNS, Signs, signs_of, succeeded

KNOWN_METHODS = {name: name for name in METHODS}
MOST_AGENT_CHARACTERS = 128
MOST_AGENTS = 1_000
KEPT_BITS = {4: 24, 6: 48}  # of a truncated address
NOBODY = Principal("", "", "", 0, 0.0)
UNROUTED = ("", "", "")
UNNAMED = ("", 0)
UNLIMITED = ("", "", 0, -1)


class Agents:
    """The dictionary of user agents of one process: capped, so that attackers cannot fill it."""

    __slots__ = ("_hashes", "_known")

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._hashes: Memo[bytes, tuple[str, int]] = Memo()

    def look_up(self, agent: bytes, key: bytes) -> tuple[str, int]:
        """(the text to keep, keyed hash of the whole field)."""
        found = self._hashes.get(agent)
        if found is not None:
            return found
        text = agent[:MOST_AGENT_CHARACTERS].decode("latin-1")
        if text not in self._known:
            if len(self._known) >= MOST_AGENTS:
                text = OTHER
            else:
                self._known.add(text)
        return self._hashes.keep(agent, (text, keyed_hash(agent, key)))


class Account:
    """What is known of one request so far. Times `*_at` are monotonic seconds, 0 where not reached.

    `handed_at`: the request was ready to go to the upstream, whether or not a connection was there.
    """

    __slots__ = (
        "begun",
        "body_at",
        "bytes_in",
        "bytes_out",
        "collected",
        "first_byte_at",
        "flags",
        "handed_at",
        "head",
        "head_at",
        "judged",
        "peer",
        "prepared",
        "reason",
        "retries",
        "seq",
        "started",
        "status",
        "trace_id",
        "upstream_end_at",
    )

    def __init__(self, prepared: Prepared, peer: Address, *, seq: int, started: float, begun: float) -> None:
        self.prepared = prepared
        self.peer = peer
        self.seq = seq
        self.started = started  # seconds since 1970
        self.begun = begun
        self.head: RequestHead | None = None
        self.judged: Judgement | None = None
        self.head_at = self.body_at = self.handed_at = self.first_byte_at = self.upstream_end_at = 0.0
        self.bytes_in = self.bytes_out = self.status = self.flags = self.retries = 0
        self.reason = ""
        self.trace_id = ""
        self.collected: bytearray | None = None


class Recorder:
    """Makes rows. `worker` and `boot` name this process."""

    __slots__ = ("_boot", "_worker", "agents")

    def __init__(self, worker: str, boot: int) -> None:
        self._worker = worker
        self._boot = boot
        self.agents = Agents()

    def to_row(
        self, account: Account, outcome: str, *, ended: float, now: float, interim: int = 0
    ) -> EventRow:
        """The event of an account; `ended` in seconds since 1970, `now` in monotonic seconds."""
        head, judged, prepared = account.head, account.judged, account.prepared
        if head is None or judged is None:
            return self._early_row(account, outcome, ended=ended, now=now)
        snapshot, verdicts, route = prepared.snapshot, judged.verdicts, judged.route
        principal = judged.principal or NOBODY
        name, template, upstream = UNROUTED if route is None else route.names
        overlay, limit, limit_key, left = UNLIMITED
        if verdicts.limits:
            overlay, limit, limit_key, left = limit_columns(verdicts.limits, prepared)
        client = judged.client
        client_ip, identity = prepared.addresses.get(client.text) or show_client(client, prepared)
        if principal is not NOBODY:
            identity = principal.identity
        raw_agent = head.noted.get(headers.USER_AGENT)
        agent, agent_hash = UNNAMED if raw_agent is None else self._agent(raw_agent, snapshot)
        signs, success = NO_SIGNS, -1
        if route is not None and route.plan.signals is not None:
            signs, success = read_signals(account, route.plan, judged.match.parameters)
        begun, handed, reason = account.begun, account.handed_at, verdicts.reason or account.reason
        # fmt: off
        return (
            snapshot.tenant, self._worker, self._boot, account.seq, interim,
            int(account.started * 1e6), int(ended * 1e6), name,
            KNOWN_METHODS.get(head.method, OTHER), head.host if head.host in prepared.hosts else "",
            template, prepared.path_hashes.get(head.path) or path_hash(head.path, prepared),
            head.version, account.status, outcome,
            "refused" if reason else "allowed", verdicts.rule, str(reason) if reason else "",
            verdicts.would_refuse, snapshot.revision, overlay, limit, limit_key, left,
            int((now - begun) * 1e6),
            int(((account.upstream_end_at or now) - handed) * 1e6) if handed else 0,
            int((account.first_byte_at - handed) * 1e6) if account.first_byte_at else 0,
            int((account.head_at - begun) * 1e6),
            int((account.body_at - account.head_at) * 1e6) if account.body_at else 0,
            account.bytes_in, account.bytes_out, client_ip, identity,
            "address" if principal is NOBODY else "consumer",
            principal.consumer, principal.plan, principal.credential_hash,
            agent, agent_hash, prepared.fingerprints.get(head.names) or fingerprint(head.names, prepared),
            upstream, account.trace_id, account.retries,
            signs.subject_hash, signs.object_hash, signs.object_id, success, account.flags,
        )
        # fmt: on

    def _agent(self, agent: bytes, snapshot: Snapshot) -> tuple[str, int]:
        """(user_agent, user_agent_hash)."""
        text, agent_hash = self.agents.look_up(agent, snapshot.hash_key)
        return text if snapshot.keep_user_agent else "", agent_hash

    def _early_row(self, account: Account, outcome: str, *, ended: float, now: float) -> EventRow:
        """The row of a request that ended before it was judged."""
        prepared, head = account.prepared, account.head
        snapshot = prepared.snapshot
        client_ip, identity = show_client(account.peer, prepared)
        # fmt: off
        return (
            snapshot.tenant, self._worker, self._boot, account.seq, 0,
            int(account.started * 1e6), int(ended * 1e6), "",
            OTHER if head is None else KNOWN_METHODS.get(head.method, OTHER),
            "", "", 0, "1.1" if head is None else head.version, account.status, outcome,
            "refused" if account.reason else "allowed",
            "", account.reason, (), snapshot.revision, "", "", 0, -1,
            int((now - account.begun) * 1e6), 0, 0,
            int(((account.head_at or now) - account.begun) * 1e6), 0,
            account.bytes_in, account.bytes_out, client_ip, identity, "address", "", "", 0,
            "", 0, 0, "", account.trace_id, 0, 0, 0, -1, -1, account.flags,
        )
        # fmt: on


def show_client(client: Address, prepared: Prepared) -> tuple[str, str]:
    """(client_ip, identity of who has no credential) as the policy's `telemetry.addresses` says."""
    shown = shown_address(client, prepared.snapshot)
    kept = parse_address(shown)
    return prepared.addresses.keep(client.text, (shown, identity_of_address(kept or client)))


def read_signals(account: Account, plan: RoutePlan, parameters: tuple[str, ...]) -> tuple[Signs, int]:
    """(subject and object, success) as the route's `signals` say."""
    body = b"" if account.collected is None else bytes(account.collected)
    key = account.prepared.snapshot.hash_key
    return signs_of(plan, parameters, body, key), succeeded(plan.signals, account.status)


def limit_columns(limits: tuple[LimitVerdict, ...], prepared: Prepared) -> tuple[str, str, int, int]:
    """(overlay, limit, limit_key, limit_remaining) of the tightest limit."""
    tight = limits[0] if len(limits) == 1 else tightest(limits)
    hashed = prepared.limit_keys.get(tight.key) or limit_key_hash(tight.key, prepared)
    return tight.overlay, tight.name, hashed, tight.taken.remaining


def tightest(limits: tuple[LimitVerdict, ...]) -> LimitVerdict:
    """The enforced limit with the least left."""
    return min(limits, key=lambda verdict: verdict.taken.remaining)


def shown_address(client: Address, snapshot: Snapshot) -> str:
    """An address as telemetry keeps it: raw, by its network, or a keyed hash in fd00::/8."""
    if snapshot.addresses == "raw":
        return client.text
    if snapshot.addresses == "truncated":
        drop = (32 if client.version == 4 else 128) - KEPT_BITS[client.version]
        kept = client.value >> drop << drop
        return str(ipaddress.IPv4Address(kept) if client.version == 4 else ipaddress.IPv6Address(kept))
    site = identity_of_address(client).encode()
    return str(ipaddress.IPv6Address((0xFD << 120) | (keyed_hash(site, snapshot.hash_key) << 56)))


def path_hash(path: str, prepared: Prepared) -> int:
    """Keyed hash of the normalised path, remembered."""
    return prepared.path_hashes.keep(path, keyed_hash(path.encode(), prepared.snapshot.hash_key))


def limit_key_hash(key: str, prepared: Prepared) -> int:
    """Keyed hash of a limit's key, remembered."""
    return prepared.limit_keys.keep(key, keyed_hash(key.encode(), prepared.snapshot.hash_key))


def fingerprint(names: bytes, prepared: Prepared) -> int:
    """Keyed hash of the names of the fields and their order, remembered."""
    return prepared.fingerprints.keep(names, keyed_hash(names.lower(), prepared.snapshot.hash_key))
