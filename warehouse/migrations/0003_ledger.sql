-- blocking: no
-- why: what each proxy worker did with its events, every second: the watermark and the telemetry loss.
CREATE TABLE IF NOT EXISTS ledger ${on_cluster}
(
    `tenant` LowCardinality(String),
    `worker` LowCardinality(String),
    `boot` UInt64 CODEC(Delta(8), ZSTD(1)) COMMENT 'start of the worker\'s process, microseconds since 1970',
    `through` DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) COMMENT 'every event that ended before is accounted for',
    `written_at` DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)),
    `offered` UInt64 CODEC(Delta(8), ZSTD(1)) COMMENT 'totals since boot: stored + spooled + dropped + buffered',
    `stored` UInt64 CODEC(Delta(8), ZSTD(1)),
    `spooled` UInt64 CODEC(ZSTD(1)),
    `dropped` UInt64 CODEC(ZSTD(1)),
    `buffered` UInt64 CODEC(ZSTD(1)),
    `open_requests` UInt64 CODEC(ZSTD(1)),
    `slow_clients` Array(String) CODEC(ZSTD(1)) COMMENT 'top addresses by open connections and unfinished messages'
)
ENGINE = ${replicated}MergeTree
PARTITION BY toDate(written_at)
ORDER BY (tenant, written_at, worker, boot)
TTL toDateTime(written_at) + INTERVAL 30 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, index_granularity = 1024, ${dedup};
