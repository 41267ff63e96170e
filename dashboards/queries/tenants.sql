-- Whose traffic there is.
SELECT DISTINCT tenant FROM requests_1m ORDER BY tenant LIMIT 100
