-- What rules did since a moment: whom each refused, and whom it would have refused in shadow.
SELECT
    deed.1 AS name,
    countIf(deed.2) AS refused,
    uniqExactIf(identity, deed.2) AS refused_identities,
    countIf(NOT deed.2) AS spared,
    uniqExactIf(identity, NOT deed.2) AS spared_identities,
    max(ended_at) AS last
FROM
(
    SELECT
        identity,
        ended_at,
        arrayJoin(arrayConcat(
            if(decision = 'refused', [(toString(rule), true)], []),
            arrayMap(shadow -> (toString(shadow), false), would_refuse)
        )) AS deed
    FROM requests
    WHERE tenant = {tenant:String}
      AND interim = 0
      AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
      AND ((decision = 'refused' AND rule IN {rules:Array(String)}) OR hasAny(would_refuse, {rules:Array(String)}))
)
WHERE name IN {rules:Array(String)}
GROUP BY name
ORDER BY name
