-- Requests per second by what the policy decided, and why.
SELECT
    $__timeInterval(ended_at) AS time,
    multiIf(outcome = 'no_route', 'not routed', decision = 'refused', concat('refused: ', reason), decision) AS decided,
    count() / $__interval_s AS rate
FROM requests
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(ended_at) AND interim = 0 AND $__conditionalAll(route IN (${route:singlequote}), $route)
GROUP BY time, decided
ORDER BY time, decided
