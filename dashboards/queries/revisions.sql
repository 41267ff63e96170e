-- Policy revisions that were made in the range, newest first.
SELECT created_at AS made, number, substring(revision, 1, 12) AS short, author, reason, revision
FROM revisions FINAL
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(created_at)
ORDER BY made DESC
LIMIT 50
