-- How many requests of each second no route takes (404 or 405): the roll-ups count them as refused.
SELECT toUnixTimestamp(ended_at) AS second, count() AS requests
FROM requests
WHERE tenant = {tenant:String}
  AND route = ''
  AND outcome = 'no_route'
  AND interim = 0
  AND ended_at >= toDateTime({since:UInt32}, 'UTC')
  AND ended_at < toDateTime({until:UInt32}, 'UTC')
GROUP BY second
ORDER BY second
