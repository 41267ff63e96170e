-- blocking: no
-- why: copies of every approval, so that promised and realised harm outlive a recommendation that is proposed again.
-- The truth is the console's store; the newest version of a key stands.
CREATE TABLE IF NOT EXISTS approvals ${on_cluster}
(
    `tenant` LowCardinality(String),
    `recommendation` String COMMENT 'its id; each approval of it is a row',
    `decided_at` DateTime64(6, 'UTC'),
    `kind` LowCardinality(String),
    `route` LowCardinality(String),
    `title` String,
    `rules` Array(String),
    `patch` String COMMENT 'digest of what was approved; empty: not known',
    `mode` LowCardinality(String),
    `canary` Float64,
    `revision` String COMMENT 'that the approval made',
    `author` String,
    `reason` String,
    `expires_at` DateTime64(6, 'UTC') COMMENT '1970: never',
    `ended_at` DateTime64(6, 'UTC') COMMENT '1970: it holds',
    `why` String COMMENT 'it ended; empty: it holds',
    `harm_promised` Float64 COMMENT 'upper bound of the share of legitimate identities; 1: unknown',
    `harmed_promised` UInt32,
    `n_promised` UInt32,
    `harm_realised` Float64 COMMENT '1: unknown',
    `harmed_realised` UInt32,
    `n_realised` UInt32,
    `attack_refused` UInt64,
    `legitimate_refused` UInt64,
    `version` UInt64 DEFAULT toUInt64(toUnixTimestamp64Micro(now64(6)))
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (tenant, recommendation, decided_at)
SETTINGS index_granularity = 1024, ${dedup};
