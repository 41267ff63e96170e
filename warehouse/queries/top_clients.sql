-- The identities that asked most.
SELECT
    identity,
    any(identity_kind) AS kind,
    count() AS requests,
    countIf(decision = 'refused') AS refused,
    countIf(status >= 500) AS errors_5xx,
    countIf(status BETWEEN 400 AND 499) AS errors_4xx,
    sum(bytes_out) AS sent_bytes,
    uniq(route) AS routes,
    max(duration_us) AS longest_us
FROM requests
WHERE tenant = {tenant:String}
  AND interim = 0
  AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY identity
ORDER BY requests DESC, identity
LIMIT {most:UInt32}
