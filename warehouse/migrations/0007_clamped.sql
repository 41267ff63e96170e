-- blocking: no
-- why: a worker's clock may run ahead. Windows count a row at most 2 s after it arrived, and only the warehouse can
-- tell which rows those are: computed when read, so that nothing is stored twice and every old row has it too. The
-- index lets a question for clamped rows pass over whatever arrived after the stretch that it asks for.
ALTER TABLE requests ${on_cluster}
    ADD COLUMN IF NOT EXISTS `happened_at` DateTime64(6, 'UTC') ALIAS least(ended_at, arrived_at + toIntervalSecond(2))
        COMMENT 'the time that windows count: `ended_at`, at most 2 s after the arrival',
    ADD COLUMN IF NOT EXISTS `clamped` UInt8 ALIAS ended_at > arrived_at + toIntervalSecond(2)
        COMMENT '1: `ended_at` lay more than 2 s ahead of the warehouse\'s clock',
    ADD INDEX IF NOT EXISTS by_arrival arrived_at TYPE minmax GRANULARITY 1;

ALTER TABLE imports ${on_cluster}
    ADD COLUMN IF NOT EXISTS `happened_at` DateTime64(6, 'UTC') ALIAS least(ended_at, arrived_at + toIntervalSecond(2))
        COMMENT 'the time that windows count: `ended_at`, at most 2 s after the arrival',
    ADD COLUMN IF NOT EXISTS `clamped` UInt8 ALIAS ended_at > arrived_at + toIntervalSecond(2)
        COMMENT '1: `ended_at` lay more than 2 s ahead of the warehouse\'s clock',
    ADD INDEX IF NOT EXISTS by_arrival arrived_at TYPE minmax GRANULARITY 1;
