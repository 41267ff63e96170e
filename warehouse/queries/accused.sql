-- How many identities each finding accuses, and the busiest of them.
SELECT
    finding,
    count() AS identities,
    arrayMap(pair -> pair.2, arraySlice(arrayReverseSort(groupArray((requests, identity))), 1, {most:UInt32})) AS busiest
FROM suspects FINAL
WHERE tenant = {tenant:String} AND finding IN {findings:Array(String)}
GROUP BY finding
ORDER BY finding
