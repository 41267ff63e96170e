-- Seconds since the last heartbeat of each worker that had one in the range, by its newest process.
SELECT tenant, worker, toFloat64(greatest(0, dateDiff('second', max(written_at), toDateTime64($__toTime, 6)))) AS silent
FROM ledger
WHERE $__timeFilter_ms(written_at)
GROUP BY tenant, worker
