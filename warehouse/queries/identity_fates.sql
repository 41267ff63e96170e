-- What became of one identity's requests, by route, and which rule said no and why.
SELECT
    toString(route) AS asked,
    toString(decision) AS decided,
    toString(reason) AS why,
    toString(rule) AS refused_by,
    count() AS request_count,
    countIf(decision != 'refused' AND status >= 400) AS errors,
    countIf(notEmpty(would_refuse)) AS refused_by_shadows
FROM requests
WHERE tenant = {tenant:String}
  AND interim = 0
  AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
  AND identity = {identity:String}
  AND (route = {route:String} OR {route:String} = '')
GROUP BY asked, decided, why, refused_by
ORDER BY request_count DESC, asked, decided, why, refused_by
LIMIT 100
