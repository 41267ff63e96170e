-- What each route did, by a roll-up: to warm baselines up after a restart.
SELECT
    toUnixTimestamp(t) AS began,
    route,
    sum(requests) AS request_count,
    sum(errors_5xx) AS count_5xx,
    sum(errors_4xx) AS count_4xx,
    sum(refused) AS refused_count,
    sum(upstream_errors) AS upstream_error_count,
    sum(bytes_out) AS sent_bytes,
    sum(duration_sum_us) AS duration_us,
    sum(upstream_sum_us) AS upstream_us,
    sumMap(duration_hist) AS durations,
    sumMap(upstream_hist) AS upstream_times
FROM {rollup:Identifier}
WHERE tenant = {tenant:String}
  AND t >= toDateTime({since:UInt32}, 'UTC')
  AND t < toDateTime({until:UInt32}, 'UTC')
GROUP BY began, route
ORDER BY began, route
