-- blocking: no
-- why: a finding may accuse 100,000 identities, and nothing ever deleted them. Raw requests are gone after a week;
-- a month lets replays and accounts of approved rules tell attack from legitimate for as long as they look back.
ALTER TABLE suspects ${on_cluster} MODIFY TTL toDateTime(until) + INTERVAL 30 DAY DELETE;
