-- Who asked for the routes and had the plans of some rules; empty lists are all. `unrouted`: of what no route takes
-- as well, which access rules for every route meet.
SELECT DISTINCT identity
FROM requests
WHERE tenant = {tenant:String}
  AND interim = 0
  AND (route != '' OR ({unrouted:UInt8} = 1
       AND (outcome = 'answered' OR reason IN ('no-route', 'method-not-allowed', 'access-denied'))))
  AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
  AND (empty({routes:Array(String)}) OR has({routes:Array(String)}, route))
  AND (empty({plans:Array(String)}) OR has({plans:Array(String)}, plan))
ORDER BY identity
