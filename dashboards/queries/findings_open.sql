-- Findings that are open now, worst first.
SELECT began, severity, detector, kind, route, identity, summary, round(confidence, 2) AS confidence, id
FROM (
    SELECT id, route, detector, kind, identity, severity, onset AS began, found_at AS found, closed_at AS closed, score, confidence, summary
    FROM findings FINAL
    WHERE tenant = ${tenant:singlequote}
)
WHERE toUnixTimestamp(closed) = 0
ORDER BY indexOf(['critical', 'warning', 'info'], severity), began DESC
LIMIT 20
