-- Shares of errors over time: the gateway's answers with 500 or more, and the upstream's failures among them.
SELECT
    $__timeInterval(t) AS time,
    if(sum(requests) = 0, 0, sum(errors_5xx) / sum(requests)) AS server_errors,
    if(sum(requests) = 0, 0, sum(upstream_errors) / sum(requests)) AS upstream_failures,
    if(sum(requests) = 0, 0, sum(refused) / sum(requests)) AS refused
FROM @rollup
GROUP BY time
ORDER BY time
