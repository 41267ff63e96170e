-- What each identity asked of each route in each second, refused requests included: demand. A row stamped more
-- than 2 s ahead of the warehouse's clock counts in the second that lies 2 s after its arrival. Only the busiest
-- cells of a second are read: what a tick costs is bounded, whoever floods.
SELECT
    toUnixTimestamp(happened_at) AS second,
    route,
    identity,
    cityHash64(identity) AS identity_hash,
    count() AS requests,
    countIf(clamped) AS ahead
FROM
(
    SELECT route, identity, happened_at, clamped
    FROM {table:Identifier}
    WHERE tenant = {tenant:String}
      AND interim = 0
      AND NOT clamped
      AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
      AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    UNION ALL
    -- Apart, so that what ended later is passed over by its arrival, and not read.
    SELECT route, identity, happened_at, clamped
    FROM {table:Identifier}
    WHERE tenant = {tenant:String}
      AND interim = 0
      AND clamped
      AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
      AND arrived_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
      AND happened_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
      AND happened_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
)
GROUP BY second, route, identity
ORDER BY second, requests DESC, route, identity
LIMIT {most:UInt32} BY second
