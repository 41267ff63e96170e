-- Requests by latency, a column per doubling or so; a column is named by its upper bound in milliseconds.
SELECT
    time,
    sumIf(n, bucket < 80) AS `1`,
    sumIf(n, bucket >= 80 AND bucket < 88) AS `2`,
    sumIf(n, bucket >= 88 AND bucket < 96) AS `4`,
    sumIf(n, bucket >= 96 AND bucket < 104) AS `8`,
    sumIf(n, bucket >= 104 AND bucket < 112) AS `16`,
    sumIf(n, bucket >= 112 AND bucket < 120) AS `33`,
    sumIf(n, bucket >= 120 AND bucket < 128) AS `66`,
    sumIf(n, bucket >= 128 AND bucket < 136) AS `131`,
    sumIf(n, bucket >= 136 AND bucket < 144) AS `262`,
    sumIf(n, bucket >= 144 AND bucket < 152) AS `524`,
    sumIf(n, bucket >= 152 AND bucket < 160) AS `1049`,
    sumIf(n, bucket >= 160) AS `longer`
FROM (SELECT $__timeInterval(t) AS time, sumMap(duration_hist) AS hist FROM @rollup GROUP BY time)
ARRAY JOIN mapKeys(hist) AS bucket, mapValues(hist) AS n
GROUP BY time
ORDER BY time
