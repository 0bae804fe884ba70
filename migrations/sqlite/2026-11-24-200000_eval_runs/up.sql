-- Evaluations as a whole: begun, under way, ended. What they found are scores that name them.
CREATE TABLE eval_runs (
    id BLOB NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    -- How many scores it will give, where that is known.
    total INTEGER,
    -- How it ended, in words.
    message TEXT,
    -- Microseconds since 1970.
    started_at_us INTEGER NOT NULL,
    ended_at_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX eval_runs_tenant ON eval_runs (tenant, id);

ALTER TABLE eval_scores ADD COLUMN run_id BLOB;
CREATE INDEX eval_scores_run ON eval_scores (run_id, id) WHERE run_id IS NOT NULL;
