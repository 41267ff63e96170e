-- Seconds that analytics is behind, for each tenant whose workers wrote in the range.
SELECT tenant, toFloat64(greatest(0, dateDiff('second', max(judged), $__toTime))) AS behind
FROM progress
WHERE tenant IN (SELECT DISTINCT tenant FROM ledger WHERE $__timeFilter_ms(written_at))
GROUP BY tenant
