-- What was usual in given hours, ten minutes at a time.
SELECT scope, toUnixTimestamp(since) AS began, identities, fitted, greatest, together
FROM demand FINAL
WHERE tenant = {tenant:String}
  AND since >= toDateTime(arrayMin({hours:Array(UInt32)}), 'UTC')
  AND toUnixTimestamp(toStartOfHour(since)) IN {hours:Array(UInt32)}
ORDER BY began, scope
