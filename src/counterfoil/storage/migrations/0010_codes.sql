-- Redemption codes: batches, codes and every try to redeem one. Times are UTC microseconds, amounts nanos. Of a code only
-- a keyed hash and its last four symbols are kept (L12).

CREATE TABLE code_batches (
    batch_id uuid PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    -- What each code credits.
    value bigint NOT NULL CHECK (value > 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    count bigint NOT NULL CHECK (count BETWEEN 1 AND 10000),
    kind text NOT NULL CHECK (kind IN ('paid', 'promotional', 'compensation')),
    grant_priority bigint NOT NULL CHECK (grant_priority BETWEEN 0 AND 1000000),
    -- How long the credit lives once it is redeemed; none: for ever.
    grant_days bigint CHECK (grant_days BETWEEN 1 AND 3660),
    per_account_limit bigint CHECK (per_account_limit >= 1),
    -- Names of groups; empty: everybody may redeem.
    allowed_groups text[] NOT NULL DEFAULT '{}' CHECK (cardinality(allowed_groups) <= 50),
    -- From here on no code of it is redeemed.
    expires_at bigint,
    created_by text NOT NULL CHECK (length(created_by) BETWEEN 1 AND 200),
    created_at bigint NOT NULL,
    voided_at bigint,
    voided_by text,
    CHECK ((voided_at IS NULL) = (voided_by IS NULL))
);

-- A code that expires stays `new` here: its batch says until when it counts.
CREATE TABLE codes (
    code_id uuid PRIMARY KEY,
    batch_id uuid NOT NULL REFERENCES code_batches (batch_id),
    last_four text NOT NULL CHECK (length(last_four) = 4),
    state text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'redeemed', 'voided')),
    -- The account that has it, and who typed it.
    redeemed_by uuid REFERENCES accounts (account_id),
    redeemed_at bigint,
    redeemer text,
    voided_at bigint,
    voided_by text,
    CHECK ((state = 'redeemed') = (redeemed_by IS NOT NULL)),
    CHECK ((state = 'redeemed') = (redeemed_at IS NOT NULL)),
    CHECK ((state = 'voided') = (voided_at IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX codes_by_batch ON codes (batch_id, code_id);
CREATE INDEX codes_by_account ON codes (redeemed_by, batch_id) WHERE redeemed_by IS NOT NULL;

-- Finds a code by the keyed hash of what was typed; immutable, so that nothing but the code's own row is ever locked.
CREATE TABLE code_directory (
    code_hash bytea PRIMARY KEY CHECK (octet_length(code_hash) = 32),
    code_id uuid NOT NULL UNIQUE REFERENCES codes (code_id)
);
REVOKE UPDATE, DELETE, TRUNCATE ON code_directory FROM counterfoil_runtime;

-- Every try, with the code of the message that was shown. The same refusal again within a minute is counted in its row;
-- nothing else of a row ever changes.
CREATE TABLE code_tries (
    account_id uuid NOT NULL,
    try_id uuid NOT NULL,
    first_at bigint NOT NULL,
    last_at bigint NOT NULL,
    times bigint NOT NULL DEFAULT 1 CHECK (times >= 1),
    tried_by text NOT NULL,
    client_address text,
    -- Where what was typed had the form of a code.
    last_four text CHECK (length(last_four) = 4),
    -- Where there is such a code.
    code_id uuid,
    outcome text NOT NULL,
    PRIMARY KEY (account_id, try_id),
    CHECK (last_at >= first_at)
);
CREATE INDEX code_tries_by_time ON code_tries (account_id, last_at);
CREATE INDEX code_tries_by_id ON code_tries (try_id);
CREATE INDEX code_tries_by_code ON code_tries (code_id, try_id) WHERE code_id IS NOT NULL;
CREATE INDEX code_tries_by_address ON code_tries (client_address, last_at) WHERE client_address IS NOT NULL;
REVOKE UPDATE, DELETE, TRUNCATE ON code_tries FROM counterfoil_runtime;
GRANT UPDATE (times, last_at) ON code_tries TO counterfoil_runtime;
