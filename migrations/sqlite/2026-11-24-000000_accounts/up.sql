-- What a record says besides: whose key or session, what it is labelled with, what was asked for, what is kept, what budgets
-- are charged.
ALTER TABLE requests ADD COLUMN user_id TEXT;
-- JSON: the labels of the key.
ALTER TABLE requests ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE requests ADD COLUMN wanted_model TEXT;
ALTER TABLE requests ADD COLUMN streamed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN keep_text TEXT NOT NULL DEFAULT 'none';
-- Nano-dollars. Never NULL: what nobody knows is charged as it was reserved.
ALTER TABLE requests ADD COLUMN charged_nanos INTEGER NOT NULL DEFAULT 0;
UPDATE requests SET keep_text = 'whole' WHERE prompt IS NOT NULL OR response IS NOT NULL;
UPDATE requests SET charged_nanos = coalesce(cost_nanos, 0);

-- Raised by every change of the five tables after it, in the same transaction: what replicas poll.
CREATE TABLE revision (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL
) STRICT;
INSERT INTO revision (id, number) VALUES (1, 0);

-- Times are microseconds since 1970; limits, budgets and lists are JSON.
CREATE TABLE tenants (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    limits TEXT NOT NULL,
    budgets TEXT NOT NULL,
    keep_text TEXT,
    created_at_us INTEGER NOT NULL,
    disabled_at_us INTEGER
) STRICT;

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (id),
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    role TEXT NOT NULL,
    limits TEXT NOT NULL,
    budgets TEXT NOT NULL,
    created_at_us INTEGER NOT NULL,
    disabled_at_us INTEGER,
    sessions_valid_from_us INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    tenant TEXT NOT NULL REFERENCES tenants (id),
    user_id TEXT REFERENCES users (id),
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    allowed_models TEXT,
    allowed_providers TEXT,
    limits TEXT NOT NULL,
    budgets TEXT NOT NULL,
    keep_text TEXT,
    tags TEXT NOT NULL,
    created_at_us INTEGER NOT NULL,
    expires_at_us INTEGER,
    revoked_at_us INTEGER
) STRICT;

CREATE TABLE revocations (
    token TEXT NOT NULL PRIMARY KEY,
    until_us INTEGER NOT NULL
) STRICT;
CREATE INDEX revocations_until ON revocations (until_us);

CREATE TABLE overrides (
    path TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    actor TEXT NOT NULL,
    at_us INTEGER NOT NULL
) STRICT;

CREATE TABLE admin_actions (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    at_us INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    value_before TEXT,
    value_after TEXT
) STRICT;

-- The ledger: what each key, user and tenant was charged on each day. Outlives the requests it was written from.
CREATE TABLE spending (
    account_kind TEXT NOT NULL,
    account_id TEXT NOT NULL,
    day TEXT NOT NULL,
    spent_nanos INTEGER NOT NULL,
    priced INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    PRIMARY KEY (account_kind, account_id, day)
) STRICT, WITHOUT ROWID;

-- What was recorded so far is in it from the beginning: an unknown outcome that becomes known is taken out of it again.
INSERT INTO spending
SELECT kind, account, day, sum(charged_nanos), count(cost_nanos), count(*) - count(cost_nanos)
FROM (
    SELECT 'tenant' AS kind, tenant AS account, day, cost_nanos, charged_nanos FROM requests
    UNION ALL
    SELECT 'key', key_id, day, cost_nanos, charged_nanos FROM requests WHERE key_id IS NOT NULL
)
GROUP BY kind, account, day;
