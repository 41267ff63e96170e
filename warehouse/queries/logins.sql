-- How logins went on each route that declares `signals.subject` and `signals.success`, in each second: tries, those
-- that failed, and the distinct subjects and sources that failed (hashes, so that seconds can be united). An upstream
-- in trouble (5xx), a refusal and a throttle (429) say nothing of a password.
SELECT
    toUnixTimestamp(happened_at) AS second,
    route,
    count() AS tries,
    countIf(failed) AS failures,
    groupUniqArrayIf(2000)(subject_hash, failed) AS failed_subjects,
    groupUniqArrayIf(2000)(cityHash64(identity), failed) AS failed_sources
FROM
(
    SELECT route, identity, subject_hash, happened_at, success = 0 AS failed
    FROM
    (
        SELECT route, identity, subject_hash, success, status, decision, happened_at
        FROM {table:Identifier}
        WHERE tenant = {tenant:String}
          AND interim = 0
          AND NOT clamped
          AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
          AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
        UNION ALL
        -- As in cells.sql: apart, so that what ended later is passed over.
        SELECT route, identity, subject_hash, success, status, decision, happened_at
        FROM {table:Identifier}
        WHERE tenant = {tenant:String}
          AND interim = 0
          AND clamped
          AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
          AND arrived_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
          AND happened_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
          AND happened_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    )
    WHERE success >= 0
      AND subject_hash != 0
      AND decision != 'refused'
      AND status BETWEEN 200 AND 499
      AND status != 429
)
GROUP BY second, route
ORDER BY second, route
