SELECT t, route, requests, errors_5xx, errors_4xx, refused, upstream_errors, bytes_out, duration_sum_us, upstream_sum_us, duration_hist
FROM requests_1s
WHERE tenant = ${tenant:singlequote} AND $__timeFilter(t) AND $__interval_s < 60 AND $__conditionalAll(route IN (${route:singlequote}), $route)
UNION ALL
SELECT t, route, requests, errors_5xx, errors_4xx, refused, upstream_errors, bytes_out, duration_sum_us, upstream_sum_us, duration_hist
FROM requests_1m
WHERE tenant = ${tenant:singlequote} AND $__timeFilter(t) AND $__interval_s >= 60 AND $__conditionalAll(route IN (${route:singlequote}), $route)
