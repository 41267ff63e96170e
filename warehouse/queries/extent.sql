-- First and last time of a tenant's rows, and how many there are.
SELECT
    count() AS row_count,
    toUnixTimestamp(min(ended_at)) AS first_second,
    toUnixTimestamp(max(ended_at)) AS last_second
FROM {table:Identifier}
WHERE tenant = {tenant:String}
  AND interim = 0
  AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
