-- How far each worker's ledger is behind its last heartbeat.
SELECT
    worker,
    max(written_at) AS last_heartbeat,
    dateDiff('second', last_heartbeat, toDateTime64($__toTime, 6)) AS silent_s,
    argMax(open_requests, written_at) AS open_now,
    argMax(buffered, written_at) AS in_memory,
    argMax(spooled, written_at) AS on_disk,
    argMax(dropped, written_at) AS dropped_since_start
FROM ledger
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(written_at)
GROUP BY worker
ORDER BY worker
LIMIT 100
