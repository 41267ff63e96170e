-- The share of requests that the policy refused; what no route takes (404, 405) is not among them.
SELECT if(sum(requests) = 0, 0, greatest(0, toInt64(sum(refused)) - toInt64((SELECT sum(unrouted) FROM @unrouted))) / sum(requests)) AS refused
FROM @rollup
