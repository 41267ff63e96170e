-- blocking: no
-- why: nothing ever deleted what sinks were told, and pages read the whole table. By when a row was last written, not
-- by when a sink took the alert up: one that fires for longer is written again, and stays.
ALTER TABLE deliveries ${on_cluster} MODIFY TTL toDateTime(intDiv(version, 1000000)) + INTERVAL 90 DAY DELETE;
