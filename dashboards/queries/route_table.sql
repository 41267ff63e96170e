-- What each route did; what no route takes stands in a row of its own.
SELECT
    route,
    every AS request_count,
    served AS success,
    greatest(0, errors - refusals) AS client_errors,
    failures AS server_errors,
    greatest(0, refusals - toInt64(lost)) AS refused_count,
    lost AS not_routed,
    mean AS mean_ms
FROM
(
    SELECT
        route,
        sum(requests) AS every,
        greatest(0, toInt64(sum(requests)) - toInt64(sum(errors_4xx)) - toInt64(sum(errors_5xx))) AS served,
        toInt64(sum(errors_4xx)) AS errors,
        sum(errors_5xx) AS failures,
        toInt64(sum(refused)) AS refusals,
        if(sum(requests) = 0, 0, round(sum(duration_sum_us) / sum(requests) / 1000, 3)) AS mean
    FROM @rollup
    GROUP BY route
) AS counted
LEFT JOIN (SELECT route, sum(unrouted) AS lost FROM @unrouted GROUP BY route) AS gone USING (route)
ORDER BY request_count DESC
LIMIT 50
