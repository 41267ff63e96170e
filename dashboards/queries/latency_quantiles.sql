-- Latency by the roll-ups' histogram, bucket floor(8 * log2(us)): off by 4.4 % at most.
SELECT
    time,
    quantileExactWeighted(0.5)(pow(2, (bucket + 0.5) / 8) / 1000, n) AS p50,
    quantileExactWeighted(0.95)(pow(2, (bucket + 0.5) / 8) / 1000, n) AS p95,
    quantileExactWeighted(0.99)(pow(2, (bucket + 0.5) / 8) / 1000, n) AS p99
FROM (SELECT $__timeInterval(t) AS time, sumMap(duration_hist) AS hist FROM @rollup GROUP BY time)
ARRAY JOIN mapKeys(hist) AS bucket, mapValues(hist) AS n
GROUP BY time
ORDER BY time
