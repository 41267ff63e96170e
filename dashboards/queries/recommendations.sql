-- Recommendations that are open, or were made in the range: open ones first.
SELECT
    created_at AS made, state, kind, route, title, round(confidence, 2) AS sure, harm_promised, n_promised AS identities,
    expires_at AS expires, mode, id
FROM recommendations FINAL
WHERE tenant = ${tenant:singlequote} AND (state = 'open' OR $__timeFilter_ms(created_at)) AND $__conditionalAll(route IN (${route:singlequote}), $route)
ORDER BY state = 'open' DESC, made DESC
LIMIT 50
