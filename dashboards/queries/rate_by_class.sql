-- Requests per second by how they ended; neither a refusal of ours nor what no route takes is a client's error.
SELECT
    time,
    served / $__interval_s AS success,
    greatest(0, refusals - toInt64(lost)) / $__interval_s AS refused_by_gateway,
    greatest(0, errors - refusals) / $__interval_s AS client_errors,
    failures / $__interval_s AS server_errors,
    lost / $__interval_s AS not_routed
FROM
(
    SELECT
        $__timeInterval(t) AS time,
        greatest(0, toInt64(sum(requests)) - toInt64(sum(errors_4xx)) - toInt64(sum(errors_5xx))) AS served,
        toInt64(sum(refused)) AS refusals,
        toInt64(sum(errors_4xx)) AS errors,
        sum(errors_5xx) AS failures
    FROM @rollup
    GROUP BY time
) AS counted
LEFT JOIN (SELECT $__timeInterval(t) AS time, sum(unrouted) AS lost FROM @unrouted GROUP BY time) AS gone USING (time)
ORDER BY time
