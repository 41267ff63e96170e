-- Events that each tenant's workers dropped in the range.
SELECT tenant, toFloat64(sum(lost)) AS dropped
FROM (SELECT tenant, max(dropped) - min(dropped) AS lost FROM ledger WHERE $__timeFilter_ms(written_at) GROUP BY tenant, worker, boot)
GROUP BY tenant
