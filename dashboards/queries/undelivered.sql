-- Alerts of the range that a sink has not got: given up, or still tried.
SELECT countIf(delivered = 0) AS undelivered
FROM deliveries FINAL
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(at)
