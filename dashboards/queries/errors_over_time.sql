-- Shares of errors over time: answers with 500 or more, the upstream's failures among them, the policy's refusals.
SELECT
    time,
    if(every = 0, 0, failures / every) AS server_errors,
    if(every = 0, 0, of_upstream / every) AS upstream_failures,
    if(every = 0, 0, greatest(0, refusals - toInt64(lost)) / every) AS refused
FROM
(
    SELECT
        $__timeInterval(t) AS time,
        sum(requests) AS every,
        sum(errors_5xx) AS failures,
        sum(upstream_errors) AS of_upstream,
        toInt64(sum(refused)) AS refusals
    FROM @rollup
    GROUP BY time
) AS counted
LEFT JOIN (SELECT $__timeInterval(t) AS time, sum(unrouted) AS lost FROM @unrouted GROUP BY time) AS gone USING (time)
ORDER BY time
