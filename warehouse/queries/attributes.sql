-- What the requests of some identities have in common, beside those of all others in the same time: how often each
-- value of some attributes occurs among both.
SELECT
    attribute.1 AS name,
    attribute.2 AS value,
    countIf(accused) AS in_attack,
    countIf(NOT accused) AS in_baseline,
    any(attack_rows) AS attack_requests,
    any(other_rows) AS baseline_requests
FROM
(
    SELECT
        has({who:Array(String)}, identity) AND (route = {route:String} OR {route:String} = '') AS accused,
        countIf(accused) OVER () AS attack_rows,
        countIf(NOT accused) OVER () AS other_rows,
        arrayJoin([
            ('user_agent', toString(user_agent)),
            ('method', toString(method)),
            ('path', toString(path)),
            ('status', toString(status)),
            ('fingerprint', lower(hex(fingerprint)))
        ]) AS attribute
    FROM requests
    WHERE tenant = {tenant:String}
      AND interim = 0
      AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
      AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
)
GROUP BY name, value
HAVING in_attack > 0
ORDER BY in_attack DESC, in_baseline, name, value
LIMIT {most:UInt32}
