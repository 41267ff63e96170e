-- The newest ledger row of each boot that was heard lately, and what it offered and dropped in that time.
-- A boot that began within it counted from zero.
SELECT
    worker,
    boot,
    toUnixTimestamp64Micro(argMax(through, written_at)) AS accounted_until,
    toUnixTimestamp64Micro(max(written_at)) AS heard_at,
    max(offered) - if(boot >= {since:UInt64}, 0, min(offered)) AS offered_rows,
    max(dropped) - if(boot >= {since:UInt64}, 0, min(dropped)) AS dropped_rows,
    argMax(spooled, written_at) AS spooled_rows,
    argMax(open_requests, written_at) AS open_now,
    argMax(slow_clients, written_at) AS slow_now
FROM ledger
WHERE tenant = {tenant:String}
  AND written_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND written_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY worker, boot
ORDER BY worker, boot
