-- How many requests were refused, by reason.
SELECT reason, count() AS requests
FROM requests
WHERE tenant = {tenant:String}
  AND interim = 0
  AND decision = 'refused'
  AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY reason
ORDER BY reason
