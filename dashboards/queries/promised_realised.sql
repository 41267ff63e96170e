-- The bound of harm that was promised at approval, against the harm that was measured since.
SELECT
    changed_at AS changed, title, mode, round(harm_promised, 6) AS promised_bound, round(harm_realised, 6) AS realised,
    if(n_realised = 0, 'not measured yet', if(harm_realised <= harm_promised, 'within', 'above')) AS verdict,
    harmed_realised AS harmed, n_realised AS identities, attack_refused, legitimate_refused, id
FROM recommendations FINAL
WHERE tenant = ${tenant:singlequote} AND $__timeFilter_ms(changed_at) AND revision != '' AND $__conditionalAll(route IN (${route:singlequote}), $route)
ORDER BY changed DESC
LIMIT 50
