-- blocking: no
-- why: what adaptive limits expect of an hour of the week: ten minutes of demand at a time, as analytics saw it, with
-- who was judged abusive left out. Raw rows are gone after a week, and know nothing of that judgement.
CREATE TABLE IF NOT EXISTS demand ${on_cluster}
(
    `tenant` LowCardinality(String),
    `since` DateTime('UTC') CODEC(Delta(4), ZSTD(1)) COMMENT 'start of the ten minutes',
    `scope` LowCardinality(String) COMMENT '`limit:NAME`, or `*` for all routes',
    `identities` UInt64 COMMENT 'that asked at all',
    `fitted` Array(Float64) COMMENT 'per span: the 99.9th percentile over identities of their greatest sum',
    `greatest` Array(Float64) COMMENT 'per span: the greatest sum of one identity',
    `together` Array(UInt64) COMMENT 'per span: the greatest sum of all identities',
    `version` UInt64 DEFAULT toUInt64(toUnixTimestamp64Micro(now64(6))) COMMENT 'the greatest of a key stands'
)
ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY toYYYYMM(since)
ORDER BY (tenant, since, scope)
TTL since + INTERVAL 60 DAY DELETE
SETTINGS index_granularity = 1024, ${dedup};
