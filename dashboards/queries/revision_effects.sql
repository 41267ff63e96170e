-- Before and after by revision: what the requests that a revision judged met.
SELECT
    substring(revision, 1, 12) AS judged_by,
    min(ended_at) AS first_seen,
    max(ended_at) AS last_seen,
    count() AS request_count,
    round(countIf(decision = 'refused' AND outcome != 'no_route') / count(), 6) AS refused_share,
    round(countIf(notEmpty(would_refuse)) / count(), 6) AS shadow_share,
    round(countIf(status >= 500) / count(), 6) AS server_error_share
FROM requests
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(ended_at) AND interim = 0 AND $__conditionalAll(route IN (${route:singlequote}), $route)
GROUP BY judged_by
ORDER BY last_seen DESC
LIMIT 50
