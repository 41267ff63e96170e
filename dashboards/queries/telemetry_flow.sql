-- Events per second by what became of them, from the workers' totals.
SELECT
    time,
    sum(offered_now) / $__interval_s AS offered,
    sum(stored_now) / $__interval_s AS stored,
    sum(dropped_now) / $__interval_s AS dropped
FROM
(
    SELECT
        time,
        toInt64(offered_total) - lagInFrame(toInt64(offered_total), 1, toInt64(offered_first)) OVER process AS offered_now,
        toInt64(stored_total) - lagInFrame(toInt64(stored_total), 1, toInt64(stored_first)) OVER process AS stored_now,
        toInt64(dropped_total) - lagInFrame(toInt64(dropped_total), 1, toInt64(dropped_first)) OVER process AS dropped_now
    FROM
    (
        SELECT
            $__timeInterval(written_at) AS time, worker, boot,
            max(offered) AS offered_total, max(stored) AS stored_total, max(dropped) AS dropped_total,
            min(offered) AS offered_first, min(stored) AS stored_first, min(dropped) AS dropped_first
        FROM ledger
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(written_at)
        GROUP BY time, worker, boot
    )
    WINDOW process AS (PARTITION BY worker, boot ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
GROUP BY time
ORDER BY time
