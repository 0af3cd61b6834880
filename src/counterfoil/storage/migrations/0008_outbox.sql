-- What people are to be told, written in the transaction of what it is about, and told from here.
CREATE TABLE outbox (
    announcement_id uuid PRIMARY KEY,
    kind text NOT NULL,
    -- What it is about: announced once, however often a flow runs again.
    key text NOT NULL UNIQUE CHECK (length(key) BETWEEN 1 AND 300),
    -- None: for operations alone.
    account_id uuid,
    facts jsonb NOT NULL,
    created_at bigint NOT NULL,
    -- When it was handed to those who want to hear it.
    dispatched_at bigint
);
CREATE INDEX outbox_waiting ON outbox (created_at) WHERE dispatched_at IS NULL;
CREATE INDEX outbox_by_account ON outbox (account_id, created_at);
