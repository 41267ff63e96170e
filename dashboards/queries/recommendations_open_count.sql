-- Recommendations that wait for a decision.
SELECT count() AS open
FROM recommendations FINAL
WHERE tenant = ${tenant:singlequote} AND state = 'open'
