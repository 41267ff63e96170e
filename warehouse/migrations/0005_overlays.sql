-- blocking: no
-- why: the history of the adaptive values, for joins with requests.overlay; the truth is the console's store.
CREATE TABLE IF NOT EXISTS overlays ${on_cluster}
(
    `tenant` LowCardinality(String),
    `id` String,
    `limit` LowCardinality(String),
    `identity` String COMMENT 'empty: the value that everybody gets',
    `rate` Float64 COMMENT 'requests per second',
    `burst` Int64,
    `reason` String,
    `finding` String COMMENT 'id of the finding that caused it, or empty',
    `created_at` DateTime64(6, 'UTC'),
    `expires_at` DateTime64(6, 'UTC'),
    `version` UInt64 DEFAULT toUInt64(toUnixTimestamp64Micro(now64(6))) COMMENT 'the greatest of an id stands'
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (tenant, id)
SETTINGS index_granularity = 1024, ${dedup};
