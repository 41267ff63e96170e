-- How many identities asked for the routes and had the plans of some rules, attackers left out; empty lists are all.
SELECT uniqExact(identity) AS identities
FROM requests
WHERE tenant = {tenant:String}
  AND interim = 0
  AND route != ''
  AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
  AND (empty({routes:Array(String)}) OR has({routes:Array(String)}, route))
  AND (empty({plans:Array(String)}) OR has({plans:Array(String)}, plan))
  AND identity NOT IN (SELECT arrayJoin({attacks:Array(String)}))
