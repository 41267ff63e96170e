-- Mean sizes of bodies.
SELECT $__timeInterval(ended_at) AS time, avg(bytes_in) AS request_body, avg(bytes_out) AS response_body
FROM requests
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(ended_at) AND interim = 0 AND $__conditionalAll(route IN (${route:singlequote}), $route)
GROUP BY time
ORDER BY time
