-- How many requests that reached the rules ended in each step of time, how many of them took too long for a replay,
-- and which workers served them: by this a replay cuts its chunks. `unrouted` as in replay_rows.sql.
SELECT
    intDiv(toUnixTimestamp(ended_at), {step:UInt32}) * {step:UInt32} AS began,
    count() AS requests,
    countIf(duration_us > head_us + {longest:UInt64}) AS overlong,
    groupUniqArray(64)(worker) AS workers
FROM requests
WHERE tenant = {tenant:String}
  AND interim = 0
  AND (route != '' OR ({unrouted:UInt8} = 1
       AND (outcome = 'answered' OR reason IN ('no-route', 'method-not-allowed', 'access-denied'))))
  AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY began
ORDER BY began
