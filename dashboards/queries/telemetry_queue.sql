-- What waits: in workers' memory and on their disks.
SELECT time, sum(buffered_most) AS in_memory, sum(spooled_most) AS on_disk
FROM
(
    SELECT $__timeInterval(written_at) AS time, worker, boot, max(buffered) AS buffered_most, max(spooled) AS spooled_most
    FROM ledger
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(written_at)
    GROUP BY time, worker, boot
)
GROUP BY time
ORDER BY time
