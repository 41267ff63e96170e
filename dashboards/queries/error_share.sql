-- The share of requests that ended with a status of 500 or more.
SELECT if(sum(requests) = 0, 0, sum(errors_5xx) / sum(requests)) AS errors FROM @rollup
