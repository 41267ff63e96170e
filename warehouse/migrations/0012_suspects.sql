-- blocking: no
-- why: whom a finding over several identities accuses, so that replays and realised harm can tell attack from
-- legitimate traffic. Written anew with each state of the finding: the newest version of an identity stands.
CREATE TABLE IF NOT EXISTS suspects ${on_cluster}
(
    `tenant` LowCardinality(String),
    `finding` String,
    `identity` String,
    `since` DateTime64(6, 'UTC') COMMENT 'its first request on the finding\'s route',
    `until` DateTime64(6, 'UTC') COMMENT 'its last one so far',
    `requests` UInt64 COMMENT 'on the finding\'s route, in between',
    `version` UInt64 DEFAULT toUInt64(toUnixTimestamp64Micro(now64(6))) COMMENT 'the greatest stands'
)
ENGINE = ${replicated}ReplacingMergeTree(version)
ORDER BY (tenant, finding, identity)
SETTINGS index_granularity = 1024, ${dedup};
