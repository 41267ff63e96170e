-- Requests per second of the busiest routes.
SELECT $__timeInterval(t) AS time, route, sum(requests) / $__interval_s AS rate
FROM @rollup
GROUP BY time, route
ORDER BY time, route
