-- Requests per second by how they ended; a refusal of ours is no client error of theirs.
SELECT
    $__timeInterval(t) AS time,
    greatest(0, toInt64(sum(requests)) - toInt64(sum(errors_4xx)) - toInt64(sum(errors_5xx))) / $__interval_s AS success,
    sum(refused) / $__interval_s AS refused_by_gateway,
    greatest(0, toInt64(sum(errors_4xx)) - toInt64(sum(refused))) / $__interval_s AS client_errors,
    sum(errors_5xx) / $__interval_s AS server_errors
FROM @rollup
GROUP BY time
ORDER BY time
