-- Findings with an onset in the range, open ones first.
SELECT
    began, if(toUnixTimestamp(closed) = 0, 'open', 'closed') AS state, severity, detector, kind, route, identity, summary,
    round(score, 3) AS score, round(confidence, 3) AS confidence, id
FROM (
    SELECT id, route, detector, kind, identity, severity, onset AS began, found_at AS found, closed_at AS closed, score, confidence, summary
    FROM findings FINAL
    WHERE tenant = ${tenant:singlequote}
)
WHERE $__timeFilter_ms(began) AND $__conditionalAll(route IN (${route:singlequote}), $route)
ORDER BY state DESC, began DESC
LIMIT 100
