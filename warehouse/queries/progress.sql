-- How far a tenant was judged; no row where it never was.
SELECT toUnixTimestamp(argMax(judged, version)) AS judged_until
FROM progress
WHERE tenant = {tenant:String}
GROUP BY tenant
