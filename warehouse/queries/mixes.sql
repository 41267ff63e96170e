-- Which kinds of client asked each route in each second: the header fields' order and the user agent, hashed together.
-- The commonest of a second, so that a tick's cost is bounded.
SELECT
    toUnixTimestamp(happened_at) AS second,
    route,
    cityHash64(fingerprint, user_agent_hash) AS mix,
    count() AS requests
FROM
(
    SELECT route, fingerprint, user_agent_hash, happened_at
    FROM {table:Identifier}
    WHERE tenant = {tenant:String}
      AND interim = 0
      AND NOT clamped
      AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
      AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    UNION ALL
    -- As in cells.sql: apart, so that what ended later is passed over.
    SELECT route, fingerprint, user_agent_hash, happened_at
    FROM {table:Identifier}
    WHERE tenant = {tenant:String}
      AND interim = 0
      AND clamped
      AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
      AND arrived_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
      AND happened_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
      AND happened_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
)
GROUP BY second, route, mix
ORDER BY second, requests DESC, route, mix
LIMIT {most:UInt32} BY second
