"""Realistic telemetry rows in any number, without a gateway: what the benchmarks of storage feed."""

import random
from collections.abc import Iterator

from kernel.events import NAMES, EventRow

ROUTES = 200
IDENTITIES = 20_000
AGENTS = 60
MICROSECONDS = 1_000_000


def event_rows(count: int, *, start_us: int, rate: float, seed: int) -> Iterator[EventRow]:
    """`count` rows of one worker from `start_us` (microseconds since 1970) on, `rate` a second."""
    draw = random.Random(seed)
    for number in range(count):
        ended = start_us + int(number * MICROSECONDS / rate)
        # Few identities make most requests, as in real traffic.
        who = int(IDENTITIES * draw.random() ** 2)
        yield tuple(one_row(draw, number + 1, ended, who)[name] for name in NAMES)


def one_row(draw: random.Random, seq: int, ended_us: int, who: int) -> dict[str, object]:
    """One row by column name; the names are checked against COLUMNS by who asks for each."""
    route = who % ROUTES
    duration = int(draw.lognormvariate(8.5, 0.6))
    failed = draw.random() < 0.01
    address = f"10.{who >> 16 & 255}.{who >> 8 & 255}.{who & 255}"
    agent = who % AGENTS
    return {
        **CONSTANT,
        "seq": seq,
        "started_at": ended_us - duration,
        "ended_at": ended_us,
        "route": f"route-{route}",
        "path": f"/route/{route}/{{id}}",
        "path_hash": draw.getrandbits(64),
        "status": 503 if failed else 200,
        "limit_key": draw.getrandbits(64),
        "limit_remaining": draw.randrange(100),
        "duration_us": duration,
        "upstream_us": duration - 40,
        "ttfb_us": duration - 60,
        "bytes_out": int(draw.lognormvariate(7, 1)),
        "client_ip": address,
        "identity": f"ip:{address}",
        "user_agent": f"Browser/{agent}",
        "user_agent_hash": agent + 1,
        "fingerprint": agent + 7,
        "trace_id": f"{draw.getrandbits(128):032x}",
    }


CONSTANT: dict[str, object] = {
    "tenant": "default",
    "worker": "bench",
    "boot": 1,
    "interim": 0,
    "method": "GET",
    "host": "",
    "protocol": "1.1",
    "outcome": "completed",
    "decision": "allowed",
    "rule": "",
    "reason": "",
    "would_refuse": (),
    "revision": "0123456789ab",
    "overlay": "",
    "limit": "per-client",
    "head_us": 15,
    "body_us": 0,
    "bytes_in": 0,
    "identity_kind": "address",
    "consumer": "",
    "plan": "",
    "credential_hash": 0,
    "upstream": "shop",
    "retries": 0,
    "subject_hash": 0,
    "object_hash": 0,
    "object_id": -1,
    "success": -1,
    "flags": 2,
}
