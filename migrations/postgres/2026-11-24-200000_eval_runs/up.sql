-- Evaluations as a whole: begun, under way, ended. What they found are scores that name them.
CREATE TABLE eval_runs (
    id uuid NOT NULL PRIMARY KEY,
    tenant text NOT NULL,
    name text NOT NULL,
    status text NOT NULL,
    -- How many scores it will give, where that is known.
    total bigint,
    -- How it ended, in words.
    message text,
    -- Microseconds since 1970.
    started_at_us bigint NOT NULL,
    ended_at_us bigint
);
CREATE INDEX eval_runs_tenant ON eval_runs (tenant, id);

ALTER TABLE eval_scores ADD COLUMN run_id uuid;
CREATE INDEX eval_scores_run ON eval_scores (run_id, id) WHERE run_id IS NOT NULL;
