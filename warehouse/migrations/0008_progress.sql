-- blocking: no
-- why: how far analytics has judged a tenant, so that a restart goes on from there however long it was away.
CREATE TABLE IF NOT EXISTS progress ${on_cluster}
(
    `tenant` LowCardinality(String),
    `judged` DateTime('UTC') COMMENT 'the first second that is not judged yet; findings of all before are written',
    `version` UInt64 DEFAULT toUInt64(toUnixTimestamp64Micro(now64(6))) COMMENT 'the greatest of a tenant stands'
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY tenant
SETTINGS index_granularity = 1024, ${dedup};
