-- What each route did.
SELECT
    route,
    sum(requests) AS request_count,
    greatest(0, toInt64(sum(requests)) - toInt64(sum(errors_4xx)) - toInt64(sum(errors_5xx))) AS success,
    greatest(0, toInt64(sum(errors_4xx)) - toInt64(sum(refused))) AS client_errors,
    sum(errors_5xx) AS server_errors,
    sum(refused) AS refused_count,
    if(sum(requests) = 0, 0, round(sum(duration_sum_us) / sum(requests) / 1000, 3)) AS mean_ms
FROM @rollup
GROUP BY route
ORDER BY request_count DESC
LIMIT 50
