-- How many rows of each boot are there for each second, and how many of them are clamped: what a reader compares with
-- what it saw. Rows are only ever added, so equal counts are equal rows; a clamped row came early and is never late.
SELECT toUnixTimestamp(ended_at) AS second, worker, boot, count() AS rows_there, countIf(clamped) AS ahead
FROM requests
WHERE tenant = {tenant:String}
  AND interim = 0
  AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY second, worker, boot
ORDER BY second, worker, boot
