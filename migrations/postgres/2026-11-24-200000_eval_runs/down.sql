DROP INDEX eval_scores_run;
ALTER TABLE eval_scores DROP COLUMN run_id;
DROP TABLE eval_runs;
