-- Limits that analytics set.
SELECT
    created_at AS set_at, expires_at AS until, `limit` AS limit_name, if(identity = '', 'everybody', identity) AS whom,
    round(rate, 3) AS requests_per_second, burst, reason, finding
FROM overlays FINAL
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(created_at)
ORDER BY set_at DESC
LIMIT 100
