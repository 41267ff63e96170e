-- A tenant's overlays of a time, oldest first.
SELECT id, tenant, limit, identity, rate, burst, reason, finding, created_at, expires_at
FROM overlays FINAL
WHERE tenant = {tenant:String}
    AND created_at >= {since:DateTime64(6, 'UTC')}
ORDER BY created_at, id
