-- Sums of each hour, for charts: written with the records, and kept when those are deleted. They begin here: what was recorded
-- earlier is not in them.
CREATE TABLE statistics (
    -- Since 1970, in UTC.
    hour INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    -- Empty for requests that no model was asked for.
    model_id TEXT NOT NULL,
    requests INTEGER NOT NULL,
    succeeded INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    outcome_unknown INTEGER NOT NULL,
    cached INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost_nanos INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    -- Of those whose end somebody saw.
    latency_us INTEGER NOT NULL,
    PRIMARY KEY (tenant, hour, model_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX statistics_hour ON statistics (hour);
