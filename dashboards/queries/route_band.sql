-- A route's rate inside what its last 30 usual steps let expect: their mean and three standard deviations to either
-- side. What lies under a finding about clients of the route is not usual: an attack is drawn, and not learnt.
WITH
(
    SELECT groupArray((began, closed))
    FROM
    (
        SELECT route, onset AS began, if(toUnixTimestamp(closed_at) = 0, toDateTime64($__toTime, 6), closed_at) AS closed
        FROM findings FINAL
        WHERE tenant = ${tenant:singlequote} AND detector IN ('D1', 'D2', 'D3', 'D7')
    )
    WHERE $__conditionalAll(route IN (${route:singlequote}), $route)
) AS attacks
SELECT time, rate, greatest(0, expected - 3 * spread) AS expected_low, expected + 3 * spread AS expected_high
FROM
(
    SELECT
        time,
        rate,
        ifNotFinite(arrayAvg(usual), 0) AS expected,
        ifNotFinite(sqrt(arrayAvg(each -> pow(each - expected, 2), usual)), 0) AS spread
    FROM
    (
        SELECT time, rate, groupArrayLastIf(30)(rate, is_usual) OVER before AS usual
        FROM
        (
            SELECT
                $__timeInterval(t) AS time,
                sum(requests) / $__interval_s AS rate,
                NOT arrayExists(each -> each.1 < time + $__interval_s AND each.2 > time, attacks) AS is_usual
            FROM @rollup
            GROUP BY time
        )
        WINDOW before AS (ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    )
)
ORDER BY time
