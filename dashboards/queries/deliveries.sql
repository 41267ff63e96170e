-- What each sink was told in the range, what it has not got first.
SELECT
    at AS told_at, multiIf(delivered = 1, 'delivered', settled_at > toDateTime64(0, 3, 'UTC'), 'given up', 'still tried') AS outcome,
    sink, name AS alert_name, toString(state) AS state, tried, failure, summary
FROM deliveries FINAL
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(at)
ORDER BY delivered, told_at DESC
LIMIT 100
