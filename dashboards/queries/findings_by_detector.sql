-- When findings began, by detector.
SELECT $__timeInterval(began) AS time, concat(detector, ' ', kind) AS found_by, count() AS findings
FROM (
    SELECT id, route, detector, kind, identity, severity, onset AS began, found_at AS found, closed_at AS closed, score, confidence, summary
    FROM findings FINAL
    WHERE tenant = ${tenant:singlequote}
)
WHERE $__timeFilter_ms(began) AND $__conditionalAll(route IN (${route:singlequote}), $route)
GROUP BY time, found_by
ORDER BY time, found_by
