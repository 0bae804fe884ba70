-- Sums of each hour, for charts: written with the records, and kept when those are deleted. They begin here: what was recorded
-- earlier is not in them.
CREATE TABLE statistics (
    -- Since 1970, in UTC.
    hour bigint NOT NULL,
    tenant text NOT NULL,
    -- Empty for requests that no model was asked for.
    model_id text NOT NULL,
    requests bigint NOT NULL,
    succeeded bigint NOT NULL,
    failed bigint NOT NULL,
    cancelled bigint NOT NULL,
    outcome_unknown bigint NOT NULL,
    cached bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cost_nanos bigint NOT NULL,
    unpriced bigint NOT NULL,
    -- Of those whose end somebody saw.
    latency_us bigint NOT NULL,
    PRIMARY KEY (tenant, hour, model_id)
);
CREATE INDEX statistics_hour ON statistics (hour);
