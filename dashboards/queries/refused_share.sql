-- The share of requests that the gateway refused.
SELECT if(sum(requests) = 0, 0, sum(refused) / sum(requests)) AS refused FROM @rollup
