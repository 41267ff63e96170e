-- {these:UInt64} from number {first:UInt64} on of {rows:UInt64} requests of 200 routes and 20,000 identities, spread evenly over {span_s:UInt64} seconds
-- before {until_us:Int64}: the history that a tick of analytics must not notice.
INSERT INTO requests
    (tenant, worker, boot, seq, started_at, ended_at, route, method, path, path_hash, protocol, status, outcome,
     decision, revision, `limit`, limit_remaining, duration_us, upstream_us, ttfb_us, head_us, bytes_out,
     client_ip, identity, identity_kind, user_agent, user_agent_hash, upstream, trace_id, object_id, success)
SELECT
    'default', 'history', {boot:UInt64}, number,
    fromUnixTimestamp64Micro(at - duration), fromUnixTimestamp64Micro(at),
    concat('route-', toString(who % 200)), 'GET', concat('/route/', toString(who % 200), '/{id}'), rand64(number),
    '1.1', if(rand32(number + 1) % 100 = 0, 503, 200), 'completed',
    'allowed', '0123456789ab', 'per-client', 50, duration, duration - 40, duration - 60, 15, 1024,
    IPv4ToIPv6(toIPv4(concat('10.0.', toString(intDiv(who, 250)), '.', toString(who % 250)))),
    concat('ip:10.0.', toString(intDiv(who, 250)), '.', toString(who % 250)), 'address',
    concat('Browser/', toString(who % 60)), who % 60, 'shop', hex(sipHash128(number)), -1, -1
FROM
(
    SELECT
        number,
        {until_us:Int64} - toInt64({span_s:UInt64} * 1000000.0 * number / {rows:UInt64}) AS at,
        intDiv(rand32(number) % 20000 * (rand32(number + 2) % 20000), 20000) AS who,
        4000 + rand32(number + 3) % 4000 AS duration
    FROM numbers({first:UInt64}, {these:UInt64})
)
