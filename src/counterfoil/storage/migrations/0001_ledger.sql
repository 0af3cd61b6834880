-- The ledger. Times are UTC microseconds, amounts are nanos (1e-9 of the account's currency).
-- Posted tables (transfers, holds, hold_ends, refusals, operations) are only ever inserted into:
-- the runtime role has no UPDATE, DELETE or TRUNCATE on them (L8).

CREATE TABLE accounts (
    account_id uuid PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    time_zone text NOT NULL DEFAULT 'UTC',
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'closed')),
    created_at bigint NOT NULL,
    -- What the engine caches is valid for exactly one revision: every writer of an account's rows raises it.
    revision bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 0,
    event_no bigint NOT NULL DEFAULT 0,
    last_at bigint NOT NULL DEFAULT 0,
    posted bigint NOT NULL DEFAULT 0 CHECK (posted >= 0),
    held bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    head_hash bytea NOT NULL DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000',
    CONSTRAINT never_overspent CHECK (posted - held >= 0)
) WITH (fillfactor = 50);

CREATE TABLE grants (
    account_id uuid NOT NULL,
    grant_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('paid', 'promotional', 'compensation')),
    priority bigint NOT NULL,
    expires_at bigint,
    created_at bigint NOT NULL,
    -- Where the money came from: the operator-side account, and the order, code or approval that brought it.
    origin text NOT NULL,
    source_kind text NOT NULL,
    source_id text NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    remaining bigint NOT NULL CHECK (remaining >= 0),
    held bigint NOT NULL CHECK (held >= 0 AND held <= remaining),
    state text NOT NULL CHECK (state IN ('open', 'frozen', 'ended')),
    destination text,
    PRIMARY KEY (account_id, grant_id),
    CHECK ((state = 'ended') = (destination IS NOT NULL)),
    -- Only what is reserved may outlast a grant's end.
    CHECK (state <> 'ended' OR remaining = held)
) WITH (fillfactor = 50);
CREATE INDEX grants_by_source ON grants (account_id, source_kind, source_id);
CREATE INDEX grants_expiring ON grants (expires_at) WHERE expires_at IS NOT NULL AND state = 'open';

CREATE TABLE holds (
    account_id uuid NOT NULL,
    hold_id uuid NOT NULL,
    event_no bigint NOT NULL,
    amount bigint NOT NULL CHECK (amount >= 0),
    reservations jsonb NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    cause_kind text NOT NULL CHECK (cause_kind IN ('request', 'task')),
    cause_id uuid NOT NULL,
    intent text NOT NULL,
    PRIMARY KEY (account_id, hold_id)
);
CREATE INDEX holds_expiring ON holds (expires_at);

CREATE TABLE hold_ends (
    account_id uuid NOT NULL,
    hold_id uuid NOT NULL,
    event_no bigint NOT NULL,
    verb text NOT NULL CHECK (verb IN ('captured', 'voided', 'expired')),
    captured bigint NOT NULL CHECK (captured >= 0),
    released bigint NOT NULL CHECK (released >= 0),
    overage bigint NOT NULL CHECK (overage >= 0),
    uncollected bigint NOT NULL CHECK (uncollected >= 0),
    reason text NOT NULL,
    intent text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (account_id, hold_id)
);

CREATE TABLE refusals (
    account_id uuid NOT NULL,
    refusal_id uuid NOT NULL,
    event_no bigint NOT NULL,
    code text NOT NULL,
    needed bigint NOT NULL,
    spendable bigint NOT NULL,
    intent text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (account_id, refusal_id)
);

CREATE TABLE transfers (
    account_id uuid NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    event_no bigint NOT NULL,
    transfer_id uuid NOT NULL,
    debit text NOT NULL,
    credit text NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    code text NOT NULL,
    cause_kind text NOT NULL,
    cause_id text NOT NULL,
    operation_key text NOT NULL,
    leg smallint NOT NULL CHECK (leg > 0),
    hold_id uuid,
    grant_id uuid,
    created_at bigint NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (account_id, version),
    UNIQUE (account_id, operation_key, leg),
    CHECK (debit <> credit)
);

-- Commands other than a hold's: credit, refunds, adjustments, ends and freezes of grants.
CREATE TABLE operations (
    account_id uuid NOT NULL,
    operation_key text NOT NULL,
    event_no bigint NOT NULL,
    intent text NOT NULL,
    answer jsonb NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (account_id, operation_key)
);
