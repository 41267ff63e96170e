-- How many rows of each boot are there for each second: what a reader compares with what it saw.
SELECT toUnixTimestamp(ended_at) AS second, worker, boot, count() AS rows_there
FROM requests
WHERE tenant = {tenant:String}
  AND interim = 0
  AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY second, worker, boot
ORDER BY second, worker, boot
