-- blocking: no
-- why: what each sink was told of an alert, and how that fared, so that a failed delivery is seen. Written when a
-- sink takes an alert up and again when that is settled: the newest version of (alert, sink, state) stands.
CREATE TABLE IF NOT EXISTS deliveries ${on_cluster}
(
    `tenant` LowCardinality(String),
    `alert` String COMMENT 'id of the incident: the same from firing to resolved',
    `name` LowCardinality(String) COMMENT 'of a kind of finding, or of a condition',
    `sink` LowCardinality(String) COMMENT 'its name in alerts.yaml; never its URL, which may be a secret',
    `state` Enum8('firing' = 1, 'resolved' = 2),
    `severity` LowCardinality(String),
    `summary` String,
    `labels` Map(String, String),
    `starts_at` DateTime64(3, 'UTC'),
    `ends_at` DateTime64(3, 'UTC') COMMENT '1970 while it fires',
    `tried` UInt32,
    `delivered` UInt8,
    `failure` String COMMENT 'why it was given up, or why the last try failed; empty: none did',
    `at` DateTime64(3, 'UTC') COMMENT 'when the sink took it up',
    `settled_at` DateTime64(3, 'UTC') COMMENT 'delivered or given up; 1970: it is still tried',
    `content` String COMMENT 'JSON: the alert as it is told, to go on after a restart',
    `version` UInt64 DEFAULT toUInt64(toUnixTimestamp64Micro(now64(6))) COMMENT 'the greatest stands'
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (tenant, alert, sink, state)
SETTINGS index_granularity = 1024, ${dedup};
