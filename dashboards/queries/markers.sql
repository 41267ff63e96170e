-- What operators noted: a deployment, a campaign, an incident.
SELECT at AS time, concat(kind, ': ', text, ' (', author, ')') AS text, kind AS tags
FROM markers FINAL
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(at)
ORDER BY time
LIMIT 200
