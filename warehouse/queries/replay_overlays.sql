-- When each overlay reached the proxy: the first decision that was made by it.
SELECT overlay, min(least(toUnixTimestamp64Micro(started_at) + toInt64(head_us), toUnixTimestamp64Micro(ended_at))) AS began
FROM requests
WHERE tenant = {tenant:String}
  AND interim = 0
  AND overlay != ''
  AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY overlay
