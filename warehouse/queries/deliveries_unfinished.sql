-- Alerts that were told as firing and never as resolved, and whatever a sink has neither taken nor given up.
SELECT alert, name, sink, state, severity, summary, labels, starts_at, ends_at, tried, delivered, failure, at,
    settled_at, content
FROM deliveries FINAL
WHERE tenant = {tenant:String}
    AND at >= {since:DateTime64(3, 'UTC')}
    AND (settled_at = toDateTime64(0, 3, 'UTC') OR alert NOT IN (
        SELECT alert FROM deliveries WHERE tenant = {tenant:String} AND state = 'resolved'
    ))
ORDER BY at, alert, sink, state
LIMIT {limit:UInt32}
