-- blocking: no
-- why: one row for each way in which a request can end; the columns are kernel.events.COLUMNS and DEFAULTED.
-- The order serves both questions that are asked all the time: the last seconds of a tenant, and the
-- features of its identities per minute (see docs of the measurement in the design's storage page).
-- The de-duplication window outlasts the writers' spool: 10,000 batches.
CREATE TABLE IF NOT EXISTS requests ${on_cluster}
(
    `tenant` LowCardinality(String) COMMENT 'whose traffic; leads every ORDER BY',
    `worker` LowCardinality(String) COMMENT 'name of the proxy worker',
    `boot` UInt64 CODEC(Delta(8), ZSTD(1)) COMMENT 'start of that worker\'s process, microseconds since 1970',
    `seq` UInt64 CODEC(Delta(8), ZSTD(1)) COMMENT 'number of the request within (worker, boot), from 1',
    `interim` UInt8 COMMENT '1: the request goes on (open for 10 s or more); left out of counts',
    `started_at` DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) COMMENT 'first byte of the head',
    `ended_at` DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) COMMENT 'end of the exchange, or of an interim report',
    `route` LowCardinality(String) COMMENT 'route\'s name; empty where none matched',
    `method` LowCardinality(String) COMMENT 'a known method, else `_OTHER`',
    `host` LowCardinality(String) COMMENT 'a host that the policy names, else empty',
    `path` String CODEC(ZSTD(1)) COMMENT 'the route\'s template; empty where none matched',
    `path_hash` UInt64 CODEC(ZSTD(1)) COMMENT 'keyed hash of the normalised path',
    `protocol` LowCardinality(String) COMMENT '`1.0` or `1.1`',
    `status` UInt16 CODEC(ZSTD(1)) COMMENT 'status sent to the client; 0 where none was',
    `outcome` LowCardinality(String) COMMENT 'how the request ended, see Outcome',
    `decision` LowCardinality(String) COMMENT '`allowed` or `refused`',
    `rule` LowCardinality(String) COMMENT 'rule that refused',
    `reason` LowCardinality(String) COMMENT 'why, see kernel.decide.Reason',
    `would_refuse` Array(LowCardinality(String)) COMMENT 'shadow rules that would have refused',
    `revision` LowCardinality(String) COMMENT 'hash of the policy revision that judged it',
    `overlay` LowCardinality(String) COMMENT 'adaptive overlay that set the tightest limit',
    `limit` LowCardinality(String) COMMENT 'tightest enforced limit',
    `limit_key` UInt64 CODEC(ZSTD(1)) COMMENT 'keyed hash of that limit\'s key',
    `limit_remaining` Int32 CODEC(ZSTD(1)) COMMENT 'requests left in it; -1 where no limit applied',
    `duration_us` UInt64 CODEC(ZSTD(1)) COMMENT 'first byte of the head to the last byte sent',
    `upstream_us` UInt64 CODEC(ZSTD(1)) COMMENT 'request handed to the upstream to its last byte',
    `ttfb_us` UInt64 CODEC(ZSTD(1)) COMMENT 'request handed to the upstream to its first byte',
    `head_us` UInt64 CODEC(ZSTD(1)) COMMENT 'time that the client took to send the head',
    `body_us` UInt64 CODEC(ZSTD(1)) COMMENT 'time that the client took to send the body',
    `bytes_in` UInt64 CODEC(ZSTD(1)) COMMENT 'request body bytes',
    `bytes_out` UInt64 CODEC(ZSTD(1)) COMMENT 'response body bytes sent to the client',
    `client_ip` IPv6 CODEC(ZSTD(1)) COMMENT 'client address as the policy\'s `telemetry.addresses` says',
    `identity` String CODEC(ZSTD(1)) COMMENT 'whom limits are keyed by: `consumer:NAME` or `ip:ADDRESS`',
    `identity_kind` LowCardinality(String) COMMENT '`consumer` or `address`',
    `consumer` LowCardinality(String) COMMENT 'authenticated consumer',
    `plan` LowCardinality(String) COMMENT 'that consumer\'s plan',
    `credential_hash` UInt64 CODEC(ZSTD(1)) COMMENT 'first 8 bytes of the credential\'s SHA-256',
    `user_agent` LowCardinality(String) COMMENT 'capped; `_OTHER` past the dictionary\'s cap',
    `user_agent_hash` UInt64 CODEC(ZSTD(1)) COMMENT 'keyed hash of the whole field',
    `fingerprint` UInt64 CODEC(ZSTD(1)) COMMENT 'keyed hash of the names and order of the header fields',
    `upstream` LowCardinality(String) COMMENT 'upstream\'s name',
    `trace_id` String CODEC(ZSTD(1)) COMMENT 'W3C trace id, 32 hex digits',
    `retries` UInt8 COMMENT 'further tries on a stale upstream connection',
    `subject_hash` UInt64 CODEC(ZSTD(1)) COMMENT 'keyed hash of the route\'s `signals.subject`; 0 where none',
    `object_hash` UInt64 CODEC(ZSTD(1)) COMMENT 'keyed hash of the route\'s `signals.object_id`; 0 where none',
    `object_id` Int64 CODEC(Delta(8), ZSTD(1)) COMMENT 'that object id where it is an integer; -1 where not',
    `success` Int8 COMMENT 'the route\'s `signals.success`: 1, 0, or -1 where undeclared',
    `flags` UInt32 CODEC(ZSTD(1)) COMMENT 'see Flag',
    `arrived_at` DateTime64(6, 'UTC') DEFAULT now64(6) CODEC(Delta(8), ZSTD(1)) COMMENT 'when the warehouse stored the row',
    `cache` LowCardinality(String) DEFAULT '' COMMENT 'cache status',
    `payload_flags` UInt32 DEFAULT 0 CODEC(ZSTD(1)) COMMENT 'payload signals',
    INDEX by_trace_id trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_client_ip client_ip TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ${replicated}MergeTree
PARTITION BY toDate(ended_at)
PRIMARY KEY (tenant, toStartOfMinute(ended_at), route, identity)
ORDER BY (tenant, toStartOfMinute(ended_at), route, identity, ended_at)
TTL toDateTime(ended_at) + INTERVAL 7 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, ${dedup};
