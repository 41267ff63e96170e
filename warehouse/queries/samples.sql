-- The latest requests of some identities, on a route where one is named.
SELECT ended_at, toString(method) AS method, toString(route) AS route, identity, status
FROM requests
WHERE tenant = {tenant:String}
  AND interim = 0
  AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
  AND has({who:Array(String)}, identity)
  AND (route = {route:String} OR {route:String} = '')
ORDER BY requests.ended_at DESC, identity
LIMIT {most:UInt32}
