-- The last words of each worker's newest process: when, and whether it ended there.
SELECT
    worker,
    toUnixTimestamp64Micro(argMax(heard, boot)) AS heard_at,
    argMax(accounted, boot) >= fromUnixTimestamp64Micro({closed:Int64}, 'UTC') AS has_ended
FROM
(
    SELECT worker, boot, max(written_at) AS heard, argMax(through, written_at) AS accounted
    FROM ledger
    WHERE tenant = {tenant:String}
      AND written_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
      AND written_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    GROUP BY worker, boot
)
GROUP BY worker
ORDER BY worker
