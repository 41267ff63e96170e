-- What each rule refused, or would have refused in shadow.
SELECT
    refused_by,
    mode,
    count() AS request_count,
    uniqExact(identity) AS identities
FROM
(
    SELECT identity, if(rule = '', concat('no rule: ', toString(reason)), toString(rule)) AS refused_by, 'enforced' AS mode FROM requests
    WHERE decision = 'refused' AND outcome != 'no_route' AND tenant = ${tenant:singlequote} AND $__timeFilter_ms(ended_at) AND interim = 0 AND $__conditionalAll(route IN (${route:singlequote}), $route)
    UNION ALL
    SELECT identity, toString(arrayJoin(would_refuse)) AS refused_by, 'shadow' AS mode FROM requests
    WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(ended_at) AND interim = 0 AND $__conditionalAll(route IN (${route:singlequote}), $route)
)
GROUP BY refused_by, mode
ORDER BY request_count DESC, refused_by
LIMIT 50
