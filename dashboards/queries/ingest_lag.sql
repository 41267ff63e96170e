-- How old events are when the warehouse has stored them.
SELECT
    $__timeInterval(ended_at) AS time,
    quantile(0.5)(lag_ms) AS p50,
    quantile(0.99)(lag_ms) AS p99
FROM
(
    SELECT ended_at, greatest(0, toUnixTimestamp64Milli(arrived_at) - toUnixTimestamp64Milli(ended_at)) AS lag_ms
    FROM requests
    WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(ended_at) AND interim = 0 AND $__conditionalAll(route IN (${route:singlequote}), $route)
)
GROUP BY time
ORDER BY time
