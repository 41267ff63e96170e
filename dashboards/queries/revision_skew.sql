-- Revisions that workers judged by at once: more than one for longer than seconds means that a proxy does not follow.
SELECT $__timeInterval(ended_at) AS time, uniqExact(revision) AS revisions
FROM requests
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(ended_at) AND interim = 0 AND $__conditionalAll(route IN (${route:singlequote}), $route)
GROUP BY time
ORDER BY time
