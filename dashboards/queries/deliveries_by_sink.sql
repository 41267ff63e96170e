-- Deliveries over time, by where they went and what came of them.
SELECT
    $__timeInterval(at) AS time,
    concat(sink, ' ', toString(state), ', ', multiIf(delivered = 1, 'delivered', settled_at > toDateTime64(0, 3, 'UTC'), 'given up', 'still tried')) AS went,
    count() AS deliveries
FROM deliveries FINAL
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(at)
GROUP BY time, went
ORDER BY time, went
