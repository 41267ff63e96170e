-- The proxies that follow the console, and what they judge by.
SELECT name, substring(revision, 1, 12) AS judges_by, seen_at, greatest(0, dateDiff('second', seen_at, toDateTime64($__toTime, 6))) AS silent_s
FROM proxies FINAL
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(seen_at)
ORDER BY seen_at, name
LIMIT 100
