-- What each sink was told of alerts since a moment, and of those that still fire; the newest first.
SELECT
    alert, name, sink, toString(state) AS state, severity, summary, labels, starts_at, ends_at,
    tried, delivered, failure, at, settled_at, content
FROM deliveries FINAL
WHERE tenant = {tenant:String}
    AND (at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') OR alert NOT IN (
        SELECT alert FROM deliveries WHERE tenant = {tenant:String} AND state = 'resolved'
    ))
ORDER BY at DESC, alert, sink, state
LIMIT {most:UInt32}
