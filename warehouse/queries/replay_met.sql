-- Who asked for the routes and had the plans of some rules; empty lists are all.
SELECT DISTINCT identity
FROM requests
WHERE tenant = {tenant:String}
  AND interim = 0
  AND route != ''
  AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
  AND (empty({routes:Array(String)}) OR has({routes:Array(String)}, route))
  AND (empty({plans:Array(String)}) OR has({plans:Array(String)}, plan))
ORDER BY identity
