-- Whom a finding of credential stuffing accuses: who failed to log in on its route while it lasted, with several
-- subjects, or did nothing else at all. Who mostly succeeds, or mistyped once and reads on, is not accused.
SELECT
    identity,
    minIf(ended_at, route = {route:String}) AS first,
    maxIf(ended_at, route = {route:String}) AS last,
    countIf(route = {route:String}) AS tries,
    countIf(route = {route:String} AND success = 1) AS successes,
    countIf(route = {route:String} AND success = 0 AND status BETWEEN 200 AND 499) AS failures,
    uniqExactIf(subject_hash, route = {route:String} AND success = 0 AND subject_hash != 0) AS subjects
FROM requests
WHERE tenant = {tenant:String}
  AND interim = 0
  AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
  AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY identity
HAVING failures > 2 * successes
   AND (subjects >= 2 OR count() = tries)
ORDER BY tries DESC, identity
LIMIT {most:UInt32}
