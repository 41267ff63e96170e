-- The bound of harm that was promised at each approval, against the harm that was measured since.
SELECT
    decided_at AS approved, title, mode, round(harm_promised, 6) AS promised_bound, round(harm_realised, 6) AS realised,
    if(n_realised = 0, 'not measured yet', if(harm_realised <= harm_promised, 'within', 'above')) AS verdict,
    harmed_realised AS harmed, n_realised AS identities, attack_refused, legitimate_refused,
    if(why = '', 'holds', why) AS standing, recommendation AS id
FROM approvals FINAL
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(decided_at) AND $__conditionalAll(route IN (${route:singlequote}), $route)
ORDER BY approved DESC
LIMIT 50
