"""What the management endpoint /readyz tells of a proxy. Pure."""

import msgspec


class Readiness(msgspec.Struct, frozen=True):
    """What /readyz tells; 200 iff `ready`. `queue_depth` is in events waiting to be stored."""

    ready: bool
    draining: bool
    revision: str
    overlays_version: int
    queue_depth: int
    workers: int = 1
    restarts: int = 0  # of crashed workers, by their supervisor
