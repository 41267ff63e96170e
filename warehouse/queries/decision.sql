-- The row of one decision id; of a request that goes on, its last interim report.
SELECT tenant, worker, boot, seq, interim,
    toUnixTimestamp64Micro(started_at) / 1e6 AS started, toUnixTimestamp64Micro(ended_at) / 1e6 AS ended,
    route, method, host, path, status, outcome, decision, rule, reason, would_refuse, revision, overlay,
    `limit`, limit_remaining, identity, consumer, plan, replaceRegexpOne(toString(client_ip), '^::ffff:', ''),
    upstream, retries, duration_us, upstream_us, ttfb_us, head_us, body_us, bytes_in, bytes_out, trace_id
FROM requests
WHERE tenant = {tenant:String}
    AND worker = {worker:String}
    AND boot = {boot:UInt64}
    AND seq = {seq:UInt64}
    AND ended_at >= fromUnixTimestamp64Micro(toInt64({boot:UInt64}), 'UTC') - toIntervalDay(1) -- clocks are set back
ORDER BY interim, ended_at DESC
LIMIT 1
