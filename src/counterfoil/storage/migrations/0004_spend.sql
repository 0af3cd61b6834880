-- Requests, attempts and upstreams. Times are UTC microseconds, amounts nanos. No content of any call is kept.

CREATE TABLE requests (
    account_id uuid NOT NULL,
    request_id uuid NOT NULL,
    event_no bigint NOT NULL,
    key_id uuid NOT NULL,
    key_mask text NOT NULL,
    group_id uuid,
    member_id uuid,
    endpoint text NOT NULL,
    model text,
    model_tier text,
    stream boolean NOT NULL,
    client text NOT NULL,
    client_address text NOT NULL,
    retry_count bigint,
    in_flight bigint NOT NULL,
    received_at bigint NOT NULL,
    decided_at bigint NOT NULL,
    output_cap bigint,
    needed_nanos bigint,
    held_nanos bigint NOT NULL CHECK (held_nanos >= 0),
    price_version uuid,
    multiplier_millis bigint NOT NULL,
    -- What the hold counted in which limit's window (limits.usage.pack_counted), for its end.
    counted bytea NOT NULL,
    -- The decision as it was made: every check of a refusal; the standing of every limit of a served call.
    checks text NOT NULL,
    state text NOT NULL,
    charge_mark text NOT NULL,
    code text,
    -- Set when the request has ended.
    status_code bigint,
    first_byte_at bigint,
    ended_at bigint,
    charged_nanos bigint NOT NULL DEFAULT 0 CHECK (charged_nanos >= 0),
    uncollected_nanos bigint NOT NULL DEFAULT 0 CHECK (uncollected_nanos >= 0),
    refunded_nanos bigint NOT NULL DEFAULT 0 CHECK (refunded_nanos >= 0 AND refunded_nanos <= charged_nanos),
    tokens text,
    arithmetic text,
    estimated boolean NOT NULL DEFAULT false,
    error_text text,
    -- Identical 429s of one key and minute share a row.
    repeats bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (account_id, request_id)
) WITH (fillfactor = 55);
-- People come with a request id and nothing else.
CREATE INDEX requests_by_id ON requests (request_id);

CREATE TABLE attempts (
    account_id uuid NOT NULL,
    request_id uuid NOT NULL,
    number bigint NOT NULL,
    upstream text NOT NULL,
    upstream_model text NOT NULL,
    started_at bigint NOT NULL,
    ended_at bigint NOT NULL,
    outcome text NOT NULL,
    status_code bigint,
    response_id text,
    error_text text,
    tokens text,
    cost_nanos bigint,
    PRIMARY KEY (account_id, request_id, number)
);
CREATE INDEX attempts_by_time ON attempts (started_at);

-- Calls with keys that nobody has: counted, since there is no account to record them under.
CREATE TABLE unknown_keys (
    minute bigint NOT NULL,
    client_address text NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (minute, client_address)
);

CREATE TABLE upstreams (
    upstream_id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,59}$'),
    dialect text NOT NULL CHECK (dialect IN ('openai', 'anthropic')),
    base_url text NOT NULL,
    -- The secret is named (an environment variable) or sealed under a key outside the database (L12), never plain.
    secret_env text,
    secret_sealed bytea,
    timeout_seconds bigint NOT NULL CHECK (timeout_seconds BETWEEN 1 AND 3600),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
    created_at bigint NOT NULL,
    CHECK (secret_env IS NULL OR secret_sealed IS NULL)
);

CREATE TABLE upstream_models (
    upstream_id uuid NOT NULL REFERENCES upstreams (upstream_id),
    public_model text NOT NULL,
    upstream_model text NOT NULL,
    priority bigint NOT NULL DEFAULT 100,
    weight bigint NOT NULL DEFAULT 1 CHECK (weight > 0),
    PRIMARY KEY (upstream_id, public_model)
);
