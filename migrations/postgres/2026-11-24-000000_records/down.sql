DROP TABLE spending, admin_actions, overrides, revocations, api_keys, users, tenants, revision, eval_scores, feedback, requests;
