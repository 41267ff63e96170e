-- One finding, however long ago.
SELECT id, tenant, detector, kind, key, route, identity, severity, onset, window_end, found_at, closed_at,
    score, confidence, summary, evidence
FROM findings FINAL
WHERE tenant = {tenant:String} AND id = {finding:String}
