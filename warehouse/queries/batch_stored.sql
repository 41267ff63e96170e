-- Is this row, and so the batch that it begins, in the warehouse?
SELECT count()
FROM requests
WHERE tenant = {tenant:String}
  AND worker = {worker:String}
  AND boot = {boot:UInt64}
  AND seq = {seq:UInt64}
  AND interim = {interim:UInt8}
  AND started_at = fromUnixTimestamp64Micro({started_at:Int64}, 'UTC')
  AND ended_at = fromUnixTimestamp64Micro({ended_at:Int64}, 'UTC')
