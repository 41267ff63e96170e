-- A route's rate inside what its last 30 steps let expect: their mean and three standard deviations to either side.
SELECT
    time,
    rate,
    greatest(0, expected - 3 * spread) AS expected_low,
    expected + 3 * spread AS expected_high
FROM
(
    SELECT
        time,
        rate,
        ifNotFinite(avg(rate) OVER before, 0) AS expected,
        ifNotFinite(stddevPop(rate) OVER before, 0) AS spread
    FROM (SELECT $__timeInterval(t) AS time, sum(requests) / $__interval_s AS rate FROM @rollup GROUP BY time)
    WINDOW before AS (ORDER BY time ROWS BETWEEN 30 PRECEDING AND 1 PRECEDING)
)
ORDER BY time
