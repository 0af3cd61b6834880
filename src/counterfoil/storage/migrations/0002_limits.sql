-- Groups, keys, limits and their usage. Times are UTC microseconds; amounts are nanos, tokens, requests or open holds,
-- by the limit's unit.

CREATE TABLE groups (
    account_id uuid NOT NULL,
    group_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    -- Multiplies prices: 1000 is ×1. Free is said by the price book, never by a tier.
    price_tier_millis bigint NOT NULL DEFAULT 1000 CHECK (price_tier_millis BETWEEN 1 AND 1000000),
    allowed_models text[] NOT NULL DEFAULT '{}' CHECK (cardinality(allowed_models) <= 200),
    duplicate_policy text CHECK (duplicate_policy IN ('off', 'flag', 'block')),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
    created_at bigint NOT NULL,
    PRIMARY KEY (account_id, group_id),
    UNIQUE (account_id, name)
);

CREATE TABLE api_keys (
    account_id uuid NOT NULL,
    key_id uuid NOT NULL,
    group_id uuid,
    member_id uuid,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    -- SHA-256 of the current token; the token itself is never stored (L12).
    token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    mask text NOT NULL CHECK (length(mask) BETWEEN 1 AND 20),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
    expires_at bigint,
    allowed_addresses text[] NOT NULL DEFAULT '{}' CHECK (cardinality(allowed_addresses) <= 200),
    allowed_models text[] NOT NULL DEFAULT '{}' CHECK (cardinality(allowed_models) <= 200),
    show_balance boolean NOT NULL DEFAULT false,
    duplicate_policy text CHECK (duplicate_policy IN ('off', 'flag', 'block')),
    created_at bigint NOT NULL,
    PRIMARY KEY (account_id, key_id),
    FOREIGN KEY (account_id, group_id) REFERENCES groups (account_id, group_id)
);
CREATE INDEX api_keys_by_group ON api_keys (account_id, group_id);

-- Where a token's key is found. A row is never changed: a replaced token goes on leading to its key, which no longer
-- accepts it, so that the refusal has an account.
CREATE TABLE key_directory (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    account_id uuid NOT NULL,
    key_id uuid NOT NULL
);
REVOKE UPDATE, DELETE, TRUNCATE ON key_directory FROM counterfoil_runtime;

CREATE TABLE limits (
    account_id uuid NOT NULL,
    limit_id uuid NOT NULL,
    scope text NOT NULL CHECK (scope IN ('account', 'group', 'key')),
    -- The account, group or key itself.
    scope_id uuid NOT NULL,
    unit text NOT NULL,
    "window" text NOT NULL,
    amount bigint NOT NULL CHECK (amount >= 0),
    created_at bigint NOT NULL,
    -- A removed limit stays: open holds and the past still name it.
    retired_at bigint,
    PRIMARY KEY (account_id, limit_id),
    CHECK (scope <> 'account' OR scope_id = account_id),
    CHECK ((unit, "window") IN (
        ('money', 'request'), ('money', 'day'), ('money', 'month'), ('money', 'lifetime'),
        ('requests', 'minute'), ('requests', 'day'),
        ('tokens', 'minute'), ('tokens', 'day'),
        ('in_flight', 'lifetime')
    ))
);
CREATE UNIQUE INDEX limits_in_force ON limits (account_id, scope_id, unit, "window") WHERE retired_at IS NULL;

-- One row per limit and window, never reset (L7). No other index: an update then stays on its page.
CREATE TABLE usages (
    account_id uuid NOT NULL,
    limit_id uuid NOT NULL,
    window_start bigint NOT NULL,
    used bigint NOT NULL CHECK (used >= 0),
    held bigint NOT NULL CHECK (held >= 0),
    PRIMARY KEY (account_id, limit_id, window_start)
) WITH (fillfactor = 50);
