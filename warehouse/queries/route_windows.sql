-- What each route did in each second with the requests that were let through: failures, and the upstream's and the
-- gateway's own share of the time. Logarithms are natural, of microseconds, in thousandths: integers add up to the
-- same sum in any order, so the same rows give the same scores. Connecting is the upstream's share; where no connection
-- came, there is no latency to judge.
SELECT
    toUnixTimestamp(happened_at) AS second,
    route,
    argMax(upstream, (upstream != '', ended_at)) AS upstream_name,
    count() AS requests,
    countIf(status >= 500 OR outcome IN {upstream_failures:Array(String)}) AS failures,
    countIf(timed) AS timed_requests,
    sumIf(upstream_log, timed) AS upstream_sum,
    sumIf(upstream_log * upstream_log, timed) AS upstream_squares,
    if(timed_requests > 0, quantileExactIf(0.95)(upstream_log, timed), 0) AS upstream_p95,
    sumIf(own_log, timed) AS own_sum,
    sumIf(own_log * own_log, timed) AS own_squares,
    if(timed_requests > 0, quantileExactIf(0.95)(own_log, timed), 0) AS own_p95
FROM
(
    SELECT
        route, upstream, status, outcome, ended_at, happened_at,
        upstream_us > 0 AND outcome NOT IN {unconnected:Array(String)} AS timed,
        toInt64(round(log(greatest(upstream_us, 1)) * 1000)) AS upstream_log,
        toInt64(round(log(greatest(toInt64(duration_us) - toInt64(upstream_us + head_us + body_us), 1)) * 1000))
            AS own_log
    FROM
    (
        SELECT
            route, upstream, status, outcome, decision, ended_at, happened_at, upstream_us, duration_us, head_us,
            body_us
        FROM {table:Identifier}
        WHERE tenant = {tenant:String}
          AND interim = 0
          AND NOT clamped
          AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
          AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
        UNION ALL
        -- As in cells.sql: apart, so that what ended later is passed over.
        SELECT
            route, upstream, status, outcome, decision, ended_at, happened_at, upstream_us, duration_us, head_us,
            body_us
        FROM {table:Identifier}
        WHERE tenant = {tenant:String}
          AND interim = 0
          AND clamped
          AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
          AND arrived_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
          AND happened_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
          AND happened_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    )
    WHERE decision != 'refused'
      AND outcome NOT IN {unasked:Array(String)}
)
GROUP BY second, route
ORDER BY second, route
