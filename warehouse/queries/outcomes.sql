-- What was answered and what failed within the newest so many seconds, for several windows at once, by whole minutes.
-- Requests that no route takes and those that the gateway itself refused (429, 403, 401, 413) are in neither count.
-- A response that broke off has a status below 500 and stands among the upstream's failures alone, which hold the
-- gateway's own 502 and 504, too: of both counts of a route's minute the greater is taken.
SELECT
    toUnixTimestamp(min(t)) AS first_minute,
    sumForEach(arrayMap(seconds -> if(t >= toStartOfMinute(toDateTime({until:UInt32} - seconds, 'UTC')), asked, 0), {windows:Array(UInt32)})) AS asked_within,
    sumForEach(arrayMap(seconds -> if(t >= toStartOfMinute(toDateTime({until:UInt32} - seconds, 'UTC')), failed, 0), {windows:Array(UInt32)})) AS failed_within
FROM
(
    SELECT
        t,
        sum(requests) - sum(refused) AS asked,
        greatest(sum(errors_5xx), sum(upstream_errors)) AS failed
    FROM requests_1m
    WHERE tenant = {tenant:String}
      AND route != ''
      AND t >= toStartOfMinute(toDateTime({until:UInt32} - arrayMax({windows:Array(UInt32)}), 'UTC'))
      AND t < toDateTime({until:UInt32}, 'UTC')
    GROUP BY t, route
)
