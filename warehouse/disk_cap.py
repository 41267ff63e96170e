"""The disk cap of the embedded warehouse: above it, the oldest day goes, with a warning."""

import logging
from collections.abc import Callable

from warehouse.statement import identifier, quoted

log = logging.getLogger("tidegate.warehouse")
_MAX_DROPS = 400  # more than a year of days in one run means that something else is wrong
# The size counts what views and other databases hold too; only days of raw rows are dropped. Tables with
# rows for ever (imports, findings) are not: what nobody asked to delete stays.
_SIZE = "SELECT sum(bytes_on_disk) FROM system.parts WHERE active"
_OLDEST = """SELECT database, partition_id, min(partition) AS day
FROM system.parts
WHERE active AND table = 'requests'
GROUP BY database, partition_id
ORDER BY day
LIMIT 1"""


def drop_oldest_days(administer: Callable[[str], bytes], cap_bytes: int) -> list[str]:
    """Drops whole days of raw rows, oldest first, until the warehouse fits; returns the days dropped.

    Never drops the newest day: a cap below one day's rows is told and left exceeded.
    """
    dropped: list[str] = []
    for _ in range(_MAX_DROPS):
        size = int(administer(_SIZE))
        if size <= cap_bytes:
            break
        oldest = administer(_OLDEST).decode().strip()
        if not oldest or _days(administer) < 2:
            log.warning("the warehouse holds %d MB, above its cap of %d MB", size >> 20, cap_bytes >> 20)
            break
        database, partition_id, day = oldest.split("\t")
        log.warning(
            "the warehouse holds %d MB, above its cap of %d MB: dropping the requests of %s",
            size >> 20,
            cap_bytes >> 20,
            day,
        )
        administer(f"ALTER TABLE {identifier(database)}.requests DROP PARTITION ID {quoted(partition_id)}")
        dropped.append(day)
    return dropped


def _days(administer: Callable[[str], bytes]) -> int:
    return int(
        administer("SELECT uniqExact(partition_id) FROM system.parts WHERE active AND table = 'requests'")
    )
