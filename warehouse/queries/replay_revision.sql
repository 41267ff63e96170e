-- The revision that judged most of the requests of a stretch of time, and how many it judged.
SELECT revision, count() AS judged
FROM requests
WHERE tenant = {tenant:String}
  AND interim = 0
  AND route != ''
  AND revision != ''
  AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY revision
ORDER BY judged DESC, revision
LIMIT 1
