-- The routes of a tenant.
SELECT DISTINCT route FROM requests_1m WHERE tenant = ${tenant:singlequote} AND $__timeFilter(t) ORDER BY route LIMIT 500
