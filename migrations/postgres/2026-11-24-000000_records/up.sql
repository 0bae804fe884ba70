-- The audit log, one partition for each day: old days are dropped whole. Partitions are made by the program, ahead of time
-- and whenever a record of another day comes. Ids are UUIDv7, which sort by time, so lists page by (day, id).
--
-- JSON is kept as text: as it was written, and with escapes (\u0000) that jsonb refuses.
CREATE TABLE requests (
    id uuid NOT NULL,
    -- UTC, from the id.
    day date NOT NULL,
    tenant text NOT NULL,
    key_id text,
    status text NOT NULL,
    error_kind text,
    prompt_type text NOT NULL,
    difficulty double precision NOT NULL,
    model_id text,
    provider text,
    -- The provider's own words for the answering model and its answer.
    upstream_model text,
    upstream_id text,
    -- Why the model stopped: an answer that was cut or withheld says so here.
    finish text,
    -- JSON: what the provider's wire format could not carry.
    dropped text NOT NULL,
    -- The catalogue that decision and prices are of: the bits of an unsigned fingerprint.
    catalogue bigint NOT NULL,
    -- Tokens of all attempts together; all NULL where nobody knows.
    input_tokens bigint,
    cache_read_tokens bigint,
    cache_write_5m_tokens bigint,
    cache_write_1h_tokens bigint,
    output_tokens bigint,
    reasoning_tokens bigint,
    usage_source text,
    -- Nano-dollars; NULL is unpriced, which is not 0.
    cost_nanos bigint,
    latency_us bigint NOT NULL,
    cached boolean NOT NULL,
    simulated boolean NOT NULL,
    -- JSON.
    attempts text NOT NULL,
    decision text NOT NULL,
    metadata text,
    user_id text,
    -- JSON: the labels of the key.
    tags text NOT NULL,
    wanted_model text,
    streamed boolean NOT NULL,
    keep_text text NOT NULL,
    -- Nano-dollars. Never NULL: what nobody knows is charged as it was reserved.
    charged_nanos bigint NOT NULL,
    -- As the storage policy keeps them.
    prompt text,
    response text,
    PRIMARY KEY (day, id)
) PARTITION BY RANGE (day);

-- Each filter of a list, for one tenant and for those who see all, in the list's order.
CREATE INDEX requests_tenant ON requests (tenant, day, id);
CREATE INDEX requests_tenant_model ON requests (tenant, model_id, day, id);
CREATE INDEX requests_tenant_prompt_type ON requests (tenant, prompt_type, day, id);
CREATE INDEX requests_tenant_status ON requests (tenant, status, day, id);
CREATE INDEX requests_model ON requests (model_id, day, id);
CREATE INDEX requests_prompt_type ON requests (prompt_type, day, id);
CREATE INDEX requests_status ON requests (status, day, id);

-- No foreign key to requests: feedback may arrive before the record it is about, and outlives it.
CREATE TABLE feedback (
    id uuid NOT NULL PRIMARY KEY,
    tenant text NOT NULL,
    key_id text,
    request_id uuid,
    model_id text NOT NULL,
    unresolved boolean NOT NULL,
    prompt_type text,
    rating integer NOT NULL CHECK (rating BETWEEN 1 AND 5),
    category text,
    comment text,
    -- Microseconds since 1970.
    created_at_us bigint NOT NULL,
    prompt text,
    response text
);

CREATE INDEX feedback_tenant ON feedback (tenant, id);
CREATE INDEX feedback_tenant_model ON feedback (tenant, model_id, id);
CREATE INDEX feedback_model ON feedback (model_id, id);
CREATE INDEX feedback_request ON feedback (request_id, id);

CREATE TABLE eval_scores (
    id uuid NOT NULL PRIMARY KEY,
    tenant text NOT NULL,
    request_id uuid,
    model_id text NOT NULL,
    unresolved boolean NOT NULL,
    prompt_type text,
    score double precision NOT NULL CHECK (score BETWEEN 0 AND 1),
    metric text NOT NULL,
    judge text NOT NULL,
    comment text,
    -- Microseconds since 1970.
    created_at_us bigint NOT NULL,
    prompt text,
    response text
);

CREATE INDEX eval_scores_tenant ON eval_scores (tenant, id);
CREATE INDEX eval_scores_tenant_model ON eval_scores (tenant, model_id, id);
CREATE INDEX eval_scores_model ON eval_scores (model_id, id);
CREATE INDEX eval_scores_request ON eval_scores (request_id, id);

-- Raised by every change of the five tables after it, in the same transaction: what replicas poll.
CREATE TABLE revision (
    id bigint NOT NULL PRIMARY KEY CHECK (id = 1),
    number bigint NOT NULL
);
INSERT INTO revision (id, number) VALUES (1, 0);

-- Times are microseconds since 1970; limits, budgets and lists are JSON.
CREATE TABLE tenants (
    id text NOT NULL PRIMARY KEY,
    name text NOT NULL,
    limits text NOT NULL,
    budgets text NOT NULL,
    keep_text text,
    created_at_us bigint NOT NULL,
    disabled_at_us bigint
);

CREATE TABLE users (
    id text NOT NULL PRIMARY KEY,
    tenant text NOT NULL REFERENCES tenants (id),
    email text NOT NULL UNIQUE,
    password_hash text,
    role text NOT NULL,
    limits text NOT NULL,
    budgets text NOT NULL,
    created_at_us bigint NOT NULL,
    disabled_at_us bigint,
    sessions_valid_from_us bigint NOT NULL
);

CREATE TABLE api_keys (
    id text NOT NULL PRIMARY KEY,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    tenant text NOT NULL REFERENCES tenants (id),
    user_id text REFERENCES users (id),
    name text NOT NULL,
    role text NOT NULL,
    allowed_models text,
    allowed_providers text,
    limits text NOT NULL,
    budgets text NOT NULL,
    keep_text text,
    tags text NOT NULL,
    created_at_us bigint NOT NULL,
    expires_at_us bigint,
    revoked_at_us bigint
);

CREATE TABLE revocations (
    token text NOT NULL PRIMARY KEY,
    until_us bigint NOT NULL
);
CREATE INDEX revocations_until ON revocations (until_us);

CREATE TABLE overrides (
    path text NOT NULL PRIMARY KEY,
    value text NOT NULL,
    actor text NOT NULL,
    at_us bigint NOT NULL
);

CREATE TABLE admin_actions (
    id uuid NOT NULL PRIMARY KEY,
    at_us bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    value_before text,
    value_after text
);

-- The ledger: what each key, user and tenant was charged on each day. Outlives the requests it was written from.
CREATE TABLE spending (
    account_kind text NOT NULL,
    account_id text NOT NULL,
    day date NOT NULL,
    spent_nanos bigint NOT NULL,
    priced bigint NOT NULL,
    unpriced bigint NOT NULL,
    PRIMARY KEY (account_kind, account_id, day)
);
