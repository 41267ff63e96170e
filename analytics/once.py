"""One look at a whole table, from its first row to its last: findings in imported logs.

The detectors are those of the loop and see the same windows; delays are told in the log's time.
"""

from collections.abc import Callable

import msgspec

from analytics.engine import Engine
from analytics.ingest import Signs, to_windows
from kernel.findings import Finding
from warehouse.readers_analytics import WindowReader

CHUNK_S = 6 * 3_600
FAR_FUTURE = 4_102_444_800.0  # the year 2100
GAP_S = 3_600

Progress = Callable[[int, int], None]  # seconds done, seconds in all


class Looked(msgspec.Struct, frozen=True):
    """What a table holds and what was found in it, by onset; ends are seconds since 1970."""

    rows: int
    first: int
    last: int
    findings: tuple[Finding, ...]


def analyse(reader: WindowReader, tenant: str, progress: Progress) -> Looked:
    """Judge every window of a tenant's table. Memory is bounded by the busiest six hours."""
    extent = reader.extent(0.0, FAR_FUTURE)
    found: dict[str, Finding] = {}
    if not extent.rows:
        return Looked(0, 0, 0, ())
    engine = Engine(tenant)
    end = extent.last + 1
    for since in range(extent.first, end, CHUNK_S):
        until = min(since + CHUNK_S, end)
        signs = Signs(probes=reader.probes(since, until), mixes=reader.mixes(since, until))
        windows = to_windows(reader.cells(since, until), reader.routes(since, until), signs)
        for finding in engine.advance(windows, until, 0.0):
            found[finding.id] = in_log_time(finding)
        progress(until - extent.first, end - extent.first)
    for finding in engine.advance((), end + GAP_S, 0.0):
        found[finding.id] = in_log_time(finding)
    return Looked(extent.rows, extent.first, extent.last, tuple(sorted(found.values(), key=by_onset)))


def in_log_time(finding: Finding) -> Finding:
    """Found when the window that decided was over."""
    return msgspec.structs.replace(finding, found_at=finding.window_end)


def by_onset(finding: Finding) -> tuple[float, str]:
    """Order of findings."""
    return finding.onset, finding.id
