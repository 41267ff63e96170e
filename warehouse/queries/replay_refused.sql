-- Whom some rules refused, or would have as shadows, since a moment: what approved rules really did.
SELECT
    identity,
    count() AS refused,
    toUnixTimestamp64Micro(min(ended_at)) AS first,
    toUnixTimestamp64Micro(max(ended_at)) AS last
FROM requests
WHERE tenant = {tenant:String}
  AND interim = 0
  AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
  AND (rule IN {rules:Array(String)} OR hasAny(would_refuse, {rules:Array(String)}))
GROUP BY identity
ORDER BY refused DESC, identity
