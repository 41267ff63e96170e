"""Columns of the warehouse -> windows, in order of time. Seconds without a row make no window."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from analytics.windows import AddressRow, Hour, LoginRow, MixRow, ProbeRow, SeriesRows, Window
from warehouse.readers import History
from warehouse.readers_analytics import (
    AddressColumns,
    CellColumns,
    LoginColumns,
    MixColumns,
    ProbeColumns,
    RouteColumns,
)

THOUSANDTHS = 1e3
STRETCH_S = 10


class Signs(NamedTuple):
    """What single detectors look for, where it was asked for."""

    addresses: AddressColumns | None = None
    logins: LoginColumns | None = None
    probes: ProbeColumns | None = None
    mixes: MixColumns | None = None


NO_SIGNS = Signs()


def to_windows(
    cells: CellColumns,
    routes: RouteColumns,
    signs: Signs = NO_SIGNS,
) -> Iterator[Window]:
    """The windows of a stretch. Addresses belong to the last second of their ten."""
    of_cells = slices(cells.second)
    of_routes = slices(routes.second)
    of_addresses = to_address_rows(signs.addresses) if signs.addresses else {}
    of_logins = to_login_rows(signs.logins) if signs.logins else {}
    of_probes = to_probe_rows(signs.probes) if signs.probes else {}
    of_mixes = to_mix_rows(signs.mixes) if signs.mixes else {}
    hashes = np.array(cells.identity_hash, np.uint64)
    counts = np.array(cells.requests, np.int64)
    nothing = slice(0, 0)
    for second in sorted(of_cells.keys() | of_routes.keys() | of_addresses.keys()):
        at = of_cells.get(second, nothing)
        yield Window(
            second=second,
            routes=cells.route[at],
            identities=cells.identity[at],
            hashes=hashes[at],
            counts=counts[at],
            series=to_series(routes, of_routes.get(second, nothing)),
            addresses=of_addresses.get(second, ()),
            logins=of_logins.get(second, ()),
            probes=of_probes.get(second, ()),
            mixes=of_mixes.get(second, ()),
        )


def to_hours(history: History) -> dict[str, list[Hour]]:
    """Hourly roll-ups -> what each route's upstream took; buckets are eighths of a doubling.

    An hour in which most of it failed is left out: a closed port answers faster than any upstream.
    """
    past: dict[str, list[Hour]] = {}
    columns = (history.began, history.route, history.upstream_errors, history.upstream_times)
    for began, route, failures, buckets in zip(*columns, strict=True):
        count = sum(buckets.values())
        if count > 2 * failures:
            log2 = sum((bucket + 0.5) / 8.0 * times for bucket, times in buckets.items()) / count
            past.setdefault(route, []).append(Hour(int(began), float(2.0**log2)))
    return past


def slices(seconds: Sequence[int]) -> dict[int, slice]:
    """Where each second's rows stand in columns that are ordered by second."""
    values, first = np.unique(np.array(seconds, np.int64), return_index=True)
    ends = [*first[1:], len(seconds)][: len(first)]
    return {
        int(second): slice(int(since), int(until))
        for second, since, until in zip(values, first, ends, strict=True)
    }


def to_series(routes: RouteColumns, at: slice) -> SeriesRows:
    """One second's routes; thousandths of ln microseconds become ln microseconds."""

    def integers(column: Sequence[int]) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
        return np.array(column[at], np.int64)

    return SeriesRows(
        routes=routes.route[at],
        upstreams=routes.upstream[at],
        requests=integers(routes.requests),
        failures=integers(routes.failures),
        timed=integers(routes.timed),
        upstream_sum=integers(routes.upstream_sum) / THOUSANDTHS,
        upstream_squares=integers(routes.upstream_squares) / THOUSANDTHS**2,
        upstream_p95=integers(routes.upstream_p95) / THOUSANDTHS,
        gateway_sum=integers(routes.gateway_sum) / THOUSANDTHS,
        gateway_squares=integers(routes.gateway_squares) / THOUSANDTHS**2,
        gateway_p95=integers(routes.gateway_p95) / THOUSANDTHS,
    )


def to_address_rows(columns: AddressColumns) -> dict[int, tuple[AddressRow, ...]]:
    """Second -> what the ten seconds that end with it say of the busiest address."""
    rows: dict[int, tuple[AddressRow, ...]] = {}
    for at, stretch in enumerate(columns.stretch):
        row = AddressRow(
            columns.address[at],
            columns.requests[at],
            columns.consumers[at],
            columns.agents[at],
            columns.all_requests[at],
            columns.all_consumers[at],
            columns.all_agents[at],
        )
        rows[(stretch + 1) * STRETCH_S - 1] = (row,)
    return rows


def to_login_rows(columns: LoginColumns) -> dict[int, tuple[LoginRow, ...]]:
    """Second -> how logins went, by route."""
    rows = zip(columns.route, columns.tries, columns.failures, columns.subjects, columns.sources, strict=True)
    made = [LoginRow(*row) for row in rows]
    return {second: tuple(made[at]) for second, at in slices(columns.second).items()}


def to_probe_rows(columns: ProbeColumns) -> dict[int, tuple[ProbeRow, ...]]:
    """Second -> who asked for what is not there."""
    rows = zip(
        columns.identity, columns.identity_hash, columns.misses, columns.paths, columns.methods, strict=True
    )
    made = [ProbeRow(*row) for row in rows]
    return {second: tuple(made[at]) for second, at in slices(columns.second).items()}


def to_mix_rows(columns: MixColumns) -> dict[int, tuple[MixRow, ...]]:
    """Second -> which kinds of client asked which route."""
    made = [MixRow(*row) for row in zip(columns.route, columns.mix, columns.requests, strict=True)]
    return {second: tuple(made[at]) for second, at in slices(columns.second).items()}
