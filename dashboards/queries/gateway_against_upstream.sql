-- Mean time of a request, and how much of it the upstream took; the rest is the gateway's and the client's.
SELECT
    $__timeInterval(t) AS time,
    if(sum(requests) = 0, 0, sum(duration_sum_us) / sum(requests) / 1000) AS whole_request,
    if(sum(requests) = 0, 0, sum(upstream_sum_us) / sum(requests) / 1000) AS upstream,
    greatest(0, whole_request - upstream) AS gateway_and_client
FROM @rollup
GROUP BY time
ORDER BY time
