-- A tenant's findings, newest onset first.
SELECT id, tenant, detector, kind, key, route, identity, severity, onset, window_end, found_at, closed_at,
    score, confidence, summary, evidence
FROM findings FINAL
WHERE tenant = {tenant:String}
    AND onset >= {since:DateTime64(6, 'UTC')}
    AND ({open_only:UInt8} = 0 OR closed_at = toDateTime64(0, 6, 'UTC'))
ORDER BY onset DESC, id
LIMIT {limit:UInt32}
