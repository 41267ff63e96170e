-- Requests in the order in which the limiter met them: a head's end lies before its answer, so chunks are cut by that
-- moment, and rows are sought among those that ended up to the longest duration later. `combination` stands for all
-- that a decision depends on except time; replay_combinations.sql tells what is behind it.
-- `unrouted`: what no route takes as well, where it was judged (404, 405, or 403 by a rule for every route), or
-- a Python handler answered it.
SELECT
    least(toUnixTimestamp64Micro(started_at) + toInt64(head_us), toUnixTimestamp64Micro(ended_at)) AS decided,
    toUnixTimestamp64Micro(ended_at) AS ended,
    cityHash64(
        route, path, host, identity, if({addressed:UInt8} = 1, client_ip, toIPv6('::')), consumer, plan,
        credential_hash, reason = 'credential-invalid', reason = 'body-too-large',
        {unrouted:UInt8} = 1 AND reason = 'method-not-allowed',
        {unrouted:UInt8} = 1 AND route = '' AND reason = '',
        arrayCount(cap -> bytes_in > cap, {caps:Array(UInt64)}),
        indexOf({opaque:Array(String)}, rule), arrayIntersect({opaque:Array(String)}, would_refuse)
    ) AS combination,
    toUInt8(has({reasons:Array(String)}, reason)) AS refused,
    toUInt16(indexOf({rules:Array(String)}, rule)) AS rule_number,
    status,
    toUInt8(indexOf({methods:Array(String)}, method)) AS method_number,
    toUInt8(revision = {revision:String}) AS is_then
FROM requests
WHERE tenant = {tenant:String}
  AND interim = 0
  AND (route != '' OR ({unrouted:UInt8} = 1
       AND (outcome = 'answered' OR reason IN ('no-route', 'method-not-allowed', 'access-denied'))))
  AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
  AND ended_at <= fromUnixTimestamp64Micro({before:Int64} + toInt64({longest:UInt64}), 'UTC')
  AND duration_us <= head_us + {longest:UInt64}
  AND decided >= {after:Int64}
  AND decided < {before:Int64}
ORDER BY decided, worker, seq
