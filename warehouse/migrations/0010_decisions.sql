-- blocking: no
-- why: copies of what the console decided, for joins and boards. The truth is the console's store; a copy is
-- written again whenever the console is not sure, so the newest version of a key stands.
CREATE TABLE IF NOT EXISTS revisions ${on_cluster}
(
    `tenant` LowCardinality(String),
    `number` UInt64,
    `revision` String,
    `parent` String,
    `author` String,
    `reason` String,
    `created_at` DateTime64(6, 'UTC'),
    `version` UInt64 DEFAULT toUInt64(toUnixTimestamp64Micro(now64(6)))
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (tenant, number)
SETTINGS index_granularity = 1024, ${dedup};

CREATE TABLE IF NOT EXISTS recommendations ${on_cluster}
(
    `tenant` LowCardinality(String),
    `id` String,
    `kind` LowCardinality(String),
    `detector` LowCardinality(String),
    `finding` String,
    `route` LowCardinality(String),
    `title` String,
    `state` LowCardinality(String),
    `confidence` Float64,
    `created_at` DateTime64(6, 'UTC'),
    `changed_at` DateTime64(6, 'UTC'),
    `expires_at` DateTime64(6, 'UTC') COMMENT 'of the approved rules, else of the proposal; 1970: never',
    `rules` Array(String),
    `mode` LowCardinality(String) COMMENT 'empty: not approved',
    `revision` String COMMENT 'that the approval made; empty: none',
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
ORDER BY (tenant, id)
SETTINGS index_granularity = 1024, ${dedup};

CREATE TABLE IF NOT EXISTS markers ${on_cluster}
(
    `tenant` LowCardinality(String),
    `at` DateTime64(6, 'UTC'),
    `kind` LowCardinality(String),
    `text` String,
    `author` String,
    `version` UInt64 DEFAULT toUInt64(toUnixTimestamp64Micro(now64(6)))
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (tenant, at, kind, text)
SETTINGS index_granularity = 1024, ${dedup};

CREATE TABLE IF NOT EXISTS labels ${on_cluster}
(
    `tenant` LowCardinality(String),
    `finding` String,
    `identity` String,
    `label` LowCardinality(String),
    `author` String,
    `reason` String,
    `created_at` DateTime64(6, 'UTC'),
    `version` UInt64 DEFAULT toUInt64(toUnixTimestamp64Micro(now64(6)))
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (tenant, finding, identity)
SETTINGS index_granularity = 1024, ${dedup};

CREATE TABLE IF NOT EXISTS proxies ${on_cluster}
(
    `tenant` LowCardinality(String),
    `name` String,
    `revision` String,
    `overlays_version` UInt64,
    `seen_at` DateTime64(6, 'UTC'),
    `version` UInt64 DEFAULT toUInt64(toUnixTimestamp64Micro(now64(6)))
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (tenant, name)
SETTINGS index_granularity = 1024, ${dedup};
