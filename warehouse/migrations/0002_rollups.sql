-- blocking: no
-- why: rates, errors and latencies per tenant and route without touching raw rows: 1 s, then 1 min, then 1 h,
-- each fed by the one before. Interim rows are no requests yet and do not count.
-- A latency lies in bucket floor(8 * log2(us)), 255 at most: 8 buckets per doubling, an error of at most 4.4 %.
CREATE TABLE IF NOT EXISTS requests_1s ${on_cluster}
(
    `t` DateTime('UTC') CODEC(Delta(4), ZSTD(1)) COMMENT 'start of the second in which the requests ended',
    `tenant` LowCardinality(String),
    `route` LowCardinality(String),
    `requests` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `errors_5xx` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `errors_4xx` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `refused` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `upstream_errors` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `bytes_out` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `duration_sum_us` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `upstream_sum_us` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `duration_hist` SimpleAggregateFunction(sumMap, Map(UInt8, UInt64)) CODEC(ZSTD(1)),
    `upstream_hist` SimpleAggregateFunction(sumMap, Map(UInt8, UInt64)) CODEC(ZSTD(1))
)
ENGINE = ${replicated}AggregatingMergeTree
PARTITION BY toDate(t)
ORDER BY (tenant, t, route)
TTL t + INTERVAL 2 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, index_granularity = 1024, ${dedup};

CREATE TABLE IF NOT EXISTS requests_1m ${on_cluster}
(
    `t` DateTime('UTC') CODEC(Delta(4), ZSTD(1)) COMMENT 'start of the minute',
    `tenant` LowCardinality(String),
    `route` LowCardinality(String),
    `requests` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `errors_5xx` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `errors_4xx` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `refused` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `upstream_errors` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `bytes_out` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `duration_sum_us` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `upstream_sum_us` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `duration_hist` SimpleAggregateFunction(sumMap, Map(UInt8, UInt64)) CODEC(ZSTD(1)),
    `upstream_hist` SimpleAggregateFunction(sumMap, Map(UInt8, UInt64)) CODEC(ZSTD(1))
)
ENGINE = ${replicated}AggregatingMergeTree
PARTITION BY toYYYYMM(t)
ORDER BY (tenant, t, route)
TTL t + INTERVAL 90 DAY DELETE
SETTINGS ttl_only_drop_parts = 1, index_granularity = 1024, ${dedup};

CREATE TABLE IF NOT EXISTS requests_1h ${on_cluster}
(
    `t` DateTime('UTC') CODEC(Delta(4), ZSTD(1)) COMMENT 'start of the hour',
    `tenant` LowCardinality(String),
    `route` LowCardinality(String),
    `requests` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `errors_5xx` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `errors_4xx` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `refused` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `upstream_errors` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `bytes_out` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `duration_sum_us` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `upstream_sum_us` SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    `duration_hist` SimpleAggregateFunction(sumMap, Map(UInt8, UInt64)) CODEC(ZSTD(1)),
    `upstream_hist` SimpleAggregateFunction(sumMap, Map(UInt8, UInt64)) CODEC(ZSTD(1))
)
ENGINE = ${replicated}AggregatingMergeTree
PARTITION BY toYYYYMM(t)
ORDER BY (tenant, route, t)
TTL t + INTERVAL 2 YEAR DELETE
SETTINGS ttl_only_drop_parts = 1, index_granularity = 1024, ${dedup};

CREATE MATERIALIZED VIEW IF NOT EXISTS requests_1s_view ${on_cluster} TO requests_1s AS
SELECT
    toDateTime(toStartOfSecond(ended_at), 'UTC') AS t,
    tenant,
    route,
    count() AS requests,
    countIf(status >= 500) AS errors_5xx,
    countIf(status BETWEEN 400 AND 499) AS errors_4xx,
    countIf(decision = 'refused') AS refused,
    countIf(outcome IN ('connect_failed', 'connect_timeout', 'first_byte_timeout', 'response_timeout',
        'total_timeout', 'upstream_reset', 'upstream_malformed', 'upstream_truncated')) AS upstream_errors,
    sum(requests.bytes_out) AS bytes_out,
    sum(duration_us) AS duration_sum_us,
    sum(upstream_us) AS upstream_sum_us,
    sumMap(map(toUInt8(least(255, floor(8 * log2(greatest(duration_us, 1))))), toUInt64(1))) AS duration_hist,
    sumMapIf(map(toUInt8(least(255, floor(8 * log2(greatest(upstream_us, 1))))), toUInt64(1)), upstream_us > 0)
        AS upstream_hist
FROM requests
WHERE interim = 0
GROUP BY tenant, t, route;

CREATE MATERIALIZED VIEW IF NOT EXISTS requests_1m_view ${on_cluster} TO requests_1m AS
SELECT
    toStartOfMinute(requests_1s.t) AS t,
    tenant,
    route,
    sum(requests) AS requests,
    sum(errors_5xx) AS errors_5xx,
    sum(errors_4xx) AS errors_4xx,
    sum(refused) AS refused,
    sum(upstream_errors) AS upstream_errors,
    sum(bytes_out) AS bytes_out,
    sum(duration_sum_us) AS duration_sum_us,
    sum(upstream_sum_us) AS upstream_sum_us,
    sumMap(duration_hist) AS duration_hist,
    sumMap(upstream_hist) AS upstream_hist
FROM requests_1s
GROUP BY tenant, t, route;

CREATE MATERIALIZED VIEW IF NOT EXISTS requests_1h_view ${on_cluster} TO requests_1h AS
SELECT
    toStartOfHour(requests_1m.t) AS t,
    tenant,
    route,
    sum(requests) AS requests,
    sum(errors_5xx) AS errors_5xx,
    sum(errors_4xx) AS errors_4xx,
    sum(refused) AS refused,
    sum(upstream_errors) AS upstream_errors,
    sum(bytes_out) AS bytes_out,
    sum(duration_sum_us) AS duration_sum_us,
    sum(upstream_sum_us) AS upstream_sum_us,
    sumMap(duration_hist) AS duration_hist,
    sumMap(upstream_hist) AS upstream_hist
FROM requests_1m
GROUP BY tenant, t, route;
