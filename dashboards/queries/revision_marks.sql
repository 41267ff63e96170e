-- When the policy changed.
SELECT created_at AS time, concat('revision ', toString(number), ' by ', author, ': ', reason) AS text
FROM revisions FINAL
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(created_at)
ORDER BY time
LIMIT 100
