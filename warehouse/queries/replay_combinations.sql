-- What is behind the combinations of a chunk of replay_rows.sql.
SELECT
    combination, any(route), any(path), any(host), any(identity),
    replaceRegexpOne(toString(any(client_ip)), '^::ffff:', '') AS address,
    any(consumer), any(plan), any(credential_hash),
    any(reason = 'credential-invalid') AS is_invalid,
    any(reason = 'body-too-large') AS is_too_large,
    any(reason = 'method-not-allowed') AS is_wrong_method,
    any(route = '' AND reason = '') AS is_answered,
    max(bytes_in) AS body_bytes,
    any(if(has({opaque:Array(String)}, rule), rule, '')) AS refused_by,
    any(arrayIntersect({opaque:Array(String)}, would_refuse)) AS told_then
FROM
(
    SELECT
    *,
    least(toUnixTimestamp64Micro(started_at) + toInt64(head_us), toUnixTimestamp64Micro(ended_at)) AS decided,
    cityHash64(
        route, path, host, identity, if({addressed:UInt8} = 1, client_ip, toIPv6('::')), consumer, plan,
        credential_hash, reason = 'credential-invalid', reason = 'body-too-large',
        {unrouted:UInt8} = 1 AND reason = 'method-not-allowed',
        {unrouted:UInt8} = 1 AND route = '' AND reason = '',
        arrayCount(cap -> bytes_in > cap, {caps:Array(UInt64)}),
        indexOf({opaque:Array(String)}, rule), arrayIntersect({opaque:Array(String)}, would_refuse)
    ) AS combination
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
)
GROUP BY combination
