-- How many requests there were.
SELECT sum(requests) AS requests FROM @rollup
