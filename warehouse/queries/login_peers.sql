-- The most that each identity asked of a route within a minute, as quantiles over the identities that no finding
-- accuses of anything in that time: what a limit on logins must let through.
SELECT
    count() AS identities,
    quantileExact(0.5)(greatest_minute) AS p50,
    quantileExact(0.9)(greatest_minute) AS p90,
    quantileExact(0.99)(greatest_minute) AS p99,
    quantileExact(0.999)(greatest_minute) AS p999,
    max(greatest_minute) AS greatest
FROM
(
    SELECT identity, max(asked) AS greatest_minute
    FROM
    (
        SELECT identity, intDiv(toUnixTimestamp(ended_at), 60) AS minute, count() AS asked
        FROM requests
        WHERE tenant = {tenant:String}
          AND interim = 0
          AND route = {route:String}
          AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
          AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
          AND identity NOT IN
          (
              SELECT identity
              FROM suspects FINAL
              WHERE tenant = {tenant:String} AND until >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
          )
        GROUP BY identity, minute
    )
    GROUP BY identity
)
