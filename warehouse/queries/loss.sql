-- What became of the events of a stretch of time, by the ledger. `spooled` is what waits now, at its end.
SELECT
    sum(offered_rows) AS offered_all,
    sum(stored_rows) AS stored_all,
    sum(spooled_rows) AS spooled_all,
    sum(dropped_rows) AS dropped_all,
    sum(buffered_rows) AS buffered_all
FROM
(
    SELECT
        max(offered) - if(boot >= {since:UInt64}, 0, min(offered)) AS offered_rows,
        toInt64(argMax(stored, written_at)) - if(boot >= {since:UInt64}, 0, argMin(stored, written_at)) AS stored_rows,
        argMax(spooled, written_at) AS spooled_rows,
        toInt64(argMax(dropped, written_at)) - if(boot >= {since:UInt64}, 0, argMin(dropped, written_at)) AS dropped_rows,
        argMax(buffered, written_at) AS buffered_rows
    FROM ledger
    WHERE tenant = {tenant:String}
      AND written_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
      AND written_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    GROUP BY worker, boot
)
