-- Alerts of the range that a sink has not got: given up, or tried in vain. What it was told last decides: a resolution
-- that arrived makes up for an alert that did not. One that is left out on purpose is no failure.
SELECT countIf(NOT got AND why != '' AND NOT startsWith(why, 'not told, on purpose')) AS undelivered
FROM
(
    SELECT argMax(delivered, state) AS got, argMax(failure, state) AS why
    FROM deliveries FINAL
    WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(at)
    GROUP BY alert, sink
)
