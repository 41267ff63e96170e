-- blocking: no
-- why: what analytics concluded. The id is a function of (tenant, detector, key, onset), so a re-run writes the
-- same finding again: the newest version of an id stands.
CREATE TABLE IF NOT EXISTS findings ${on_cluster}
(
    `tenant` LowCardinality(String),
    `id` String,
    `detector` LowCardinality(String),
    `kind` LowCardinality(String),
    `key` String,
    `route` LowCardinality(String),
    `identity` String,
    `severity` LowCardinality(String),
    `onset` DateTime64(6, 'UTC'),
    `window_end` DateTime64(6, 'UTC'),
    `found_at` DateTime64(6, 'UTC'),
    `closed_at` DateTime64(6, 'UTC') COMMENT '1970 while open',
    `score` Float64,
    `confidence` Float64,
    `summary` String,
    `evidence` String COMMENT 'JSON: array of {name, observed, expected, unit}',
    `version` UInt64 DEFAULT toUInt64(toUnixTimestamp64Micro(now64(6))) COMMENT 'the greatest of an id stands'
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (tenant, id)
SETTINGS index_granularity = 1024, ${dedup};
