-- Who asked for what is not there or not allowed (403, 404, 405) in each second: how often, which paths (hashes, so
-- that seconds can be united) and by which methods. The worst of a second, so that a tick's cost is bounded.
SELECT
    toUnixTimestamp(happened_at) AS second,
    identity,
    cityHash64(identity) AS identity_hash,
    count() AS misses,
    groupUniqArray(200)(path_hash) AS paths,
    groupUniqArray(16)(method) AS methods
FROM
(
    SELECT identity, path_hash, toString(method) AS method, status, happened_at
    FROM {table:Identifier}
    WHERE tenant = {tenant:String}
      AND interim = 0
      AND NOT clamped
      AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
      AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    UNION ALL
    -- As in cells.sql: apart, so that what ended later is passed over.
    SELECT identity, path_hash, toString(method) AS method, status, happened_at
    FROM {table:Identifier}
    WHERE tenant = {tenant:String}
      AND interim = 0
      AND clamped
      AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
      AND arrived_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
      AND happened_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
      AND happened_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
)
WHERE status IN (403, 404, 405)
GROUP BY second, identity
ORDER BY second, misses DESC, identity
LIMIT {most:UInt32} BY second
