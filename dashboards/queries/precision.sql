-- How many of the findings that people labelled were attacks, by detector.
SELECT
    detector, kind, countIf(label = 'attack') AS attacks, countIf(label = 'legitimate') AS false_alarms,
    round(attacks / (attacks + false_alarms), 3) AS share_right
FROM (SELECT id, detector, kind FROM findings FINAL WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(onset) AND $__conditionalAll(route IN (${route:singlequote}), $route)) AS found
INNER JOIN (SELECT finding, label FROM labels FINAL WHERE tenant = ${tenant:singlequote} AND finding != '') AS said ON found.id = said.finding
GROUP BY detector, kind
ORDER BY detector, kind
LIMIT 50
