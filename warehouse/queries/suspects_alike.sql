-- Whom a flood accuses: who came to its route while it lasted, was not seen in the ten minutes before, and is of the
-- kind of client (order of header fields and user agent) that asked for most.
SELECT
    identity,
    min(ended_at) AS first,
    max(ended_at) AS last,
    count() AS asked
FROM requests
WHERE tenant = {tenant:String}
  AND interim = 0
  AND route = {route:String}
  AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
  AND cityHash64(fingerprint, user_agent_hash) =
  (
      SELECT cityHash64(fingerprint, user_agent_hash) AS mix
      FROM requests
      WHERE tenant = {tenant:String}
        AND interim = 0
        AND route = {route:String}
        AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
        AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
      GROUP BY mix
      ORDER BY count() DESC, mix
      LIMIT 1
  )
  AND identity NOT IN
  (
      SELECT identity
      FROM requests
      WHERE tenant = {tenant:String}
        AND interim = 0
        AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC') - INTERVAL 10 MINUTE
        AND ended_at < fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  )
GROUP BY identity
ORDER BY asked DESC, identity
LIMIT {most:UInt32}
