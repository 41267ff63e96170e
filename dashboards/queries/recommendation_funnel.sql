-- How far recommendations of the range came.
SELECT state, count() AS recommendation_count
FROM recommendations FINAL
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(created_at) AND $__conditionalAll(route IN (${route:singlequote}), $route)
GROUP BY state
ORDER BY recommendation_count DESC, state
LIMIT 20
