-- Where findings lie: from their onset to their end, or until now.
SELECT began AS time, if(toUnixTimestamp(closed) = 0, toDateTime64($__toTime, 6), closed) AS timeEnd, concat(detector, ': ', summary) AS text, severity AS tags
FROM (
    SELECT id, route, detector, kind, identity, severity, onset AS began, found_at AS found, closed_at AS closed, score, confidence, summary
    FROM findings FINAL
    WHERE tenant = ${tenant:singlequote}
)
WHERE $__timeFilter_ms(began) AND $__conditionalAll(route IN (${route:singlequote}), $route)
ORDER BY time
LIMIT 200
