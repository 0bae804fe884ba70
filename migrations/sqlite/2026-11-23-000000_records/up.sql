-- The audit log. Ids are the 16 bytes of a UUIDv7: they sort by time, so lists page by id.
CREATE TABLE requests (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    -- UTC, from the id: what daily figures group by.
    day TEXT NOT NULL,
    tenant TEXT NOT NULL,
    key_id TEXT,
    status TEXT NOT NULL,
    error_kind TEXT,
    prompt_type TEXT NOT NULL,
    difficulty REAL NOT NULL,
    model_id TEXT,
    provider TEXT,
    -- The provider's own words for the answering model and its answer.
    upstream_model TEXT,
    upstream_id TEXT,
    -- Why the model stopped: an answer that was cut or withheld says so here.
    finish TEXT,
    -- JSON: what the provider's wire format could not carry.
    dropped TEXT NOT NULL,
    -- The catalogue that decision and prices are of: the bits of an unsigned fingerprint.
    catalogue INTEGER NOT NULL,
    -- Tokens of all attempts together; all NULL where nobody knows.
    input_tokens INTEGER,
    cache_read_tokens INTEGER,
    cache_write_5m_tokens INTEGER,
    cache_write_1h_tokens INTEGER,
    output_tokens INTEGER,
    reasoning_tokens INTEGER,
    usage_source TEXT,
    -- Nano-dollars; NULL is unpriced, which is not 0.
    cost_nanos INTEGER,
    latency_us INTEGER NOT NULL,
    cached INTEGER NOT NULL,
    simulated INTEGER NOT NULL,
    -- JSON.
    attempts TEXT NOT NULL,
    decision TEXT NOT NULL,
    metadata TEXT,
    -- As the storage policy keeps them. Last, because they are long and lists do without them.
    prompt TEXT,
    response TEXT
) STRICT;

-- Each filter of a list, for one tenant and for those who see all, in the list's order.
CREATE INDEX requests_tenant ON requests (tenant, id);
CREATE INDEX requests_tenant_model ON requests (tenant, model_id, id);
CREATE INDEX requests_tenant_prompt_type ON requests (tenant, prompt_type, id);
CREATE INDEX requests_tenant_status ON requests (tenant, status, id);
CREATE INDEX requests_model ON requests (model_id, id);
CREATE INDEX requests_prompt_type ON requests (prompt_type, id);
CREATE INDEX requests_status ON requests (status, id);

-- No foreign key to requests: feedback may arrive before the record it is about, and outlives it.
CREATE TABLE feedback (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant TEXT NOT NULL,
    key_id TEXT,
    request_id BLOB CHECK (length(request_id) = 16),
    model_id TEXT NOT NULL,
    unresolved INTEGER NOT NULL,
    prompt_type TEXT,
    rating INTEGER NOT NULL CHECK (rating BETWEEN 1 AND 5),
    category TEXT,
    comment TEXT,
    -- Microseconds since 1970.
    created_at_us INTEGER NOT NULL,
    prompt TEXT,
    response TEXT
) STRICT;

CREATE INDEX feedback_tenant ON feedback (tenant, id);
CREATE INDEX feedback_tenant_model ON feedback (tenant, model_id, id);
CREATE INDEX feedback_model ON feedback (model_id, id);
CREATE INDEX feedback_request ON feedback (request_id, id);

CREATE TABLE eval_scores (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant TEXT NOT NULL,
    request_id BLOB CHECK (length(request_id) = 16),
    model_id TEXT NOT NULL,
    unresolved INTEGER NOT NULL,
    prompt_type TEXT,
    score REAL NOT NULL CHECK (score BETWEEN 0 AND 1),
    metric TEXT NOT NULL,
    judge TEXT NOT NULL,
    comment TEXT,
    -- Microseconds since 1970.
    created_at_us INTEGER NOT NULL,
    prompt TEXT,
    response TEXT
) STRICT;

CREATE INDEX eval_scores_tenant ON eval_scores (tenant, id);
CREATE INDEX eval_scores_tenant_model ON eval_scores (tenant, model_id, id);
CREATE INDEX eval_scores_model ON eval_scores (model_id, id);
CREATE INDEX eval_scores_request ON eval_scores (request_id, id);
