-- How one identity's requests went over time, on a route where one is named: counts by end, exact latencies.
SELECT
    toUnixTimestamp(toStartOfInterval(ended_at, toIntervalSecond({step:UInt32}))) AS began,
    countIf(status < 400) AS success,
    countIf(decision = 'refused' AND outcome != 'no_route') AS refused,
    countIf(decision != 'refused' AND status >= 400 AND status < 500) AS client_errors,
    countIf(decision != 'refused' AND status >= 500) AS server_errors,
    countIf(outcome = 'no_route') AS not_routed,
    quantilesExact(0.5, 0.95, 0.99)(duration_us) AS quantiles_us
FROM requests
WHERE tenant = {tenant:String}
  AND interim = 0
  AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
  AND identity = {identity:String}
  AND (route = {route:String} OR {route:String} = '')
GROUP BY began
ORDER BY began
