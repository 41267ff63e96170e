-- Whom findings accuse in a stretch of time, and when: by their own identity, or as one of several suspects. Findings
-- that an operator refuted accuse nobody, nor does a finding accuse whom it did not name when it was written last.
SELECT identity, since, until, by_rate
FROM
(
    SELECT
        identity,
        toUnixTimestamp64Micro(onset) AS since,
        toUnixTimestamp64Micro(closed_at) AS until,
        toUInt8(kind = 'client-burst') AS by_rate
    FROM findings FINAL
    WHERE tenant = {tenant:String} AND identity != '' AND NOT has({refuted:Array(String)}, id)
    UNION ALL
    SELECT
        identity,
        toUnixTimestamp64Micro(suspects.since) AS since,
        toUnixTimestamp64Micro(suspects.until) AS until,
        toUInt8(0) AS by_rate
    FROM suspects FINAL
    WHERE tenant = {tenant:String}
      AND NOT has({refuted:Array(String)}, finding)
      AND (finding, version) IN
      (
          SELECT finding, max(version) FROM suspects WHERE tenant = {tenant:String} GROUP BY finding
      )
)
WHERE since < {until:Int64} AND (until = 0 OR until >= {since:Int64})
ORDER BY identity, since, until
