-- The 99th percentile of the whole range.
SELECT if(count() = 0, 0, quantileExactWeighted(0.99)(pow(2, (bucket + 0.5) / 8) / 1000, n)) AS p99
FROM (SELECT sumMap(duration_hist) AS hist FROM @rollup)
ARRAY JOIN mapKeys(hist) AS bucket, mapValues(hist) AS n
