-- How much too fast a budget of one failed request in a thousand burns, over the range and over its last 5 minutes:
-- the smaller of both. Our own refusals are in neither count.
SELECT tenant, least(whole, latest) AS burn
FROM
(
    SELECT
        tenant,
        sum(errors_5xx) / (sum(requests) - sum(refused)) / 0.001 AS whole,
        if(sumIf(requests - refused, t >= $__toTime - 300) = 0, 0, sumIf(errors_5xx, t >= $__toTime - 300) / sumIf(requests - refused, t >= $__toTime - 300) / 0.001) AS latest
    FROM requests_1m
    WHERE $__timeFilter(t)
    GROUP BY tenant
    HAVING sum(requests) > sum(refused)
)
