-- Requests that are open, by worker.
SELECT $__timeInterval(written_at) AS time, worker, max(open_requests) AS open
FROM ledger
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(written_at)
GROUP BY time, worker
ORDER BY time, worker
