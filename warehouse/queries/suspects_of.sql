-- Whom a finding accuses, the busiest first: the newest version of each.
SELECT finding, identity, since, until, requests
FROM suspects FINAL
WHERE tenant = {tenant:String}
  AND finding = {finding:String}
ORDER BY requests DESC, identity
LIMIT {most:UInt32}
