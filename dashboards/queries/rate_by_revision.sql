-- Requests per second by the policy revision that judged them: before and after a change.
SELECT $__timeInterval(ended_at) AS time, concat('revision ', substring(revision, 1, 12)) AS judged_by, count() / $__interval_s AS rate
FROM requests
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(ended_at) AND interim = 0 AND $__conditionalAll(route IN (${route:singlequote}), $route)
GROUP BY time, judged_by
ORDER BY time, judged_by
