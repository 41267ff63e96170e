-- Events that were dropped in the range.
SELECT sum(lost) AS dropped
FROM (SELECT max(dropped) - min(dropped) AS lost FROM ledger
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(written_at) GROUP BY worker, boot)
