-- Who asked most.
SELECT
    identity,
    count() AS request_count,
    countIf(decision = 'refused' AND outcome != 'no_route') AS refused,
    countIf(outcome = 'no_route') AS not_routed,
    countIf(status >= 500) AS server_errors,
    uniqExact(route) AS routes,
    round(count() / sum(count()) OVER (), 4) AS share
FROM requests
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(ended_at) AND interim = 0 AND $__conditionalAll(route IN (${route:singlequote}), $route)
GROUP BY identity
ORDER BY request_count DESC, identity
LIMIT 20
