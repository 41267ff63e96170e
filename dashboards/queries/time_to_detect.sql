-- Mean time from a finding's onset to when it was found, by kind.
SELECT kind, count() AS findings, round(avg(greatest(0, toUnixTimestamp64Milli(found) - toUnixTimestamp64Milli(began))) / 1000, 3) AS seconds
FROM (
    SELECT id, route, detector, kind, identity, severity, onset AS began, found_at AS found, closed_at AS closed, score, confidence, summary
    FROM findings FINAL
    WHERE tenant = ${tenant:singlequote}
)
WHERE $__timeFilter_ms(began) AND $__conditionalAll(route IN (${route:singlequote}), $route)
GROUP BY kind
ORDER BY findings DESC, kind
LIMIT 50
