-- A tenant's overlays, newest first.
SELECT id, tenant, limit, identity, rate, burst, reason, finding, created_at, expires_at
FROM overlays FINAL
WHERE tenant = {tenant:String} AND expires_at >= {since:DateTime64(6, 'UTC')}
ORDER BY created_at DESC, id
LIMIT {limit:UInt32}
