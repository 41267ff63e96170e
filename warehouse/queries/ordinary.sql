-- What some addresses did besides what accuses them. `authenticated`: a consumer's key succeeded from there, at any
-- time of the range, or a login did before the address was accused. `ordinary`: so did any request before it was
-- accused; or at any time, where it went to other routes than some that are named (`denied`).
-- An address is told as an identity: IPv6 by its /64. `befores` (microseconds) goes with `who`, position by position.
SELECT
    address,
    max(consumer != '' OR (success = 1 AND is_before)) AS authenticated,
    max(consumer != '' OR is_before OR (notEmpty({denied:Array(String)}) AND NOT has({denied:Array(String)}, route)))
        AS ordinary
FROM
(
    SELECT
        consumer,
        success,
        route,
        if(
            startsWith(toString(client_ip), '::ffff:'),
            concat('ip:', substring(toString(client_ip), 8)),
            concat('ip:', toString(IPv6CIDRToRange(client_ip, 64).1), '/64')
        ) AS address,
        toUnixTimestamp64Micro(ended_at) < {befores:Array(Int64)}[indexOf({who:Array(String)}, address)] AS is_before
    FROM requests
    -- The addresses first: eight times as fast as when the engine chooses.
    PREWHERE {sites:UInt8} = 1 OR client_ip IN {addresses:Array(IPv6)}
    WHERE tenant = {tenant:String}
      AND interim = 0
      AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
      AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
      AND decision = 'allowed'
      AND status BETWEEN 200 AND 399
      AND success != 0
)
WHERE has({who:Array(String)}, address)
GROUP BY address
HAVING authenticated OR ordinary
ORDER BY address
