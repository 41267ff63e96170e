-- How many lines of a log file are stored.
SELECT count()
FROM imports
WHERE tenant = {tenant:String}
  AND worker = {worker:String}
