-- Money that comes in: providers, rates, orders, their notices, refunds and disputes. Times are UTC microseconds, amounts
-- nanos of the currency named beside them. A provider's own numbers are kept as a keyed hash, sealed, and as a mask.

CREATE TABLE payment_providers (
    provider_id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9_-]{0,39}$' AND name <> 'upstreams'),
    kind text NOT NULL CHECK (kind IN ('stripe', 'epay', 'alipay', 'wechat', 'bank')),
    merchant text NOT NULL,
    currencies text[] NOT NULL,
    base_url text NOT NULL,
    settings jsonb NOT NULL,
    -- What it signs with and what we sign with, sealed together; or the names of environment variables that hold them.
    secrets_sealed bytea,
    secrets_env jsonb NOT NULL DEFAULT '{}',
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
    created_at bigint NOT NULL
);

-- What one unit of the paid currency credits, in billionths; the newest that has started holds.
CREATE TABLE exchange_rates (
    paid_currency text NOT NULL CHECK (paid_currency ~ '^[A-Z]{3}$'),
    wallet_currency text NOT NULL CHECK (wallet_currency ~ '^[A-Z]{3}$'),
    starts_at bigint NOT NULL,
    rate bigint NOT NULL CHECK (rate > 0),
    ratio bigint NOT NULL CHECK (ratio > 0),
    set_by text NOT NULL,
    PRIMARY KEY (paid_currency, wallet_currency, starts_at)
);

-- From how much on (in the wallet's currency) a recharge brings how much more: so many millionths of it, and so much.
CREATE TABLE bonus_rules (
    rule_id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100),
    wallet_currency text NOT NULL CHECK (wallet_currency ~ '^[A-Z]{3}$'),
    least bigint NOT NULL CHECK (least >= 0),
    share_millionths bigint NOT NULL CHECK (share_millionths BETWEEN 0 AND 10000000),
    fixed bigint NOT NULL CHECK (fixed >= 0),
    days bigint CHECK (days BETWEEN 1 AND 3660),
    starts_at bigint NOT NULL,
    ends_at bigint,
    created_at bigint NOT NULL,
    CHECK (share_millionths > 0 OR fixed > 0)
);

CREATE TABLE orders (
    order_id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (account_id),
    provider text NOT NULL,
    provider_kind text NOT NULL,
    state text NOT NULL CHECK (state IN
        ('created', 'processing', 'paid', 'failed', 'cancelled', 'expired', 'partly_refunded', 'refunded', 'disputed')),
    amount bigint NOT NULL CHECK (amount > 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    -- What it credits, fixed when it is made.
    wallet_currency text NOT NULL CHECK (wallet_currency ~ '^[A-Z]{3}$'),
    rate bigint NOT NULL CHECK (rate > 0),
    ratio bigint NOT NULL CHECK (ratio > 0),
    credited bigint NOT NULL CHECK (credited > 0),
    bonus bigint NOT NULL CHECK (bonus >= 0),
    bonus_days bigint,
    bonus_rule text,
    -- Orders of one intention: the same account, amount and provider within a short time, or what the caller says.
    intention_id uuid NOT NULL,
    intention_key bytea,
    created_by text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    paid_at bigint,
    number_mask text,
    number_hash bytea CHECK (length(number_hash) = 32),
    number_sealed bytea,
    payer_mask text,
    payer_hash bytea CHECK (length(payer_hash) = 32),
    refunded bigint NOT NULL DEFAULT 0 CHECK (refunded >= 0 AND refunded <= amount),
    taken_back bigint NOT NULL DEFAULT 0 CHECK (taken_back >= 0 AND taken_back <= credited),
    attention text,
    events bigint NOT NULL DEFAULT 0,
    queries bigint NOT NULL DEFAULT 0,
    next_query_at bigint,
    CHECK ((paid_at IS NOT NULL) = (state IN ('paid', 'partly_refunded', 'refunded', 'disputed')))
);
CREATE INDEX orders_by_account ON orders (account_id, order_id);
CREATE INDEX orders_by_intention ON orders (intention_id);
CREATE UNIQUE INDEX orders_by_intention_key ON orders (account_id, intention_key) WHERE intention_key IS NOT NULL;
CREATE INDEX orders_to_query ON orders (next_query_at) WHERE next_query_at IS NOT NULL;
CREATE INDEX orders_to_look_at ON orders (order_id) WHERE attention IS NOT NULL;
CREATE INDEX orders_by_payer ON orders (payer_hash) WHERE payer_hash IS NOT NULL;

-- Which order a payment of a provider has paid: one payment pays one order, whatever a notice says.
CREATE TABLE payments (
    provider text NOT NULL,
    number_hash bytea NOT NULL CHECK (length(number_hash) = 32),
    order_id uuid NOT NULL REFERENCES orders (order_id),
    account_id uuid NOT NULL,
    -- False for money that has come a second time for an order: it is there, credited to nobody.
    credited boolean NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (provider, number_hash)
);
CREATE INDEX payments_by_order ON payments (order_id);

CREATE TABLE order_events (
    order_id uuid NOT NULL,
    number bigint NOT NULL,
    account_id uuid NOT NULL,
    at bigint NOT NULL,
    state text NOT NULL,
    source text NOT NULL,
    what text NOT NULL,
    by text,
    facts jsonb NOT NULL,
    PRIMARY KEY (order_id, number)
);

-- Every notice that arrived; the same bytes again are the same row. Of its text nothing is kept but what is known to be
-- harmless.
CREATE TABLE notices (
    notice_id uuid PRIMARY KEY,
    provider text NOT NULL,
    body_hash bytea NOT NULL CHECK (length(body_hash) = 32),
    order_id uuid,
    account_id uuid,
    first_at bigint NOT NULL,
    last_at bigint NOT NULL,
    arrivals bigint NOT NULL DEFAULT 1,
    said text,
    outcome text NOT NULL,
    accepted boolean NOT NULL,
    facts jsonb NOT NULL,
    UNIQUE (provider, body_hash)
);
CREATE INDEX notices_by_order ON notices (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX notices_by_time ON notices (last_at);

CREATE TABLE order_refunds (
    refund_id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders (order_id),
    account_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'unknown', 'succeeded', 'failed')),
    amount bigint NOT NULL CHECK (amount > 0),
    taken bigint NOT NULL CHECK (taken >= 0),
    external boolean NOT NULL,
    reason text NOT NULL,
    requested_by text NOT NULL,
    approval_id uuid,
    -- What it was asked for with: the same again is the same refund.
    source_hash bytea CHECK (length(source_hash) = 32),
    created_at bigint NOT NULL,
    ended_at bigint,
    number_mask text,
    number_hash bytea CHECK (length(number_hash) = 32),
    number_sealed bytea,
    tries bigint NOT NULL DEFAULT 0,
    next_try_at bigint,
    failure text
);
CREATE INDEX order_refunds_by_order ON order_refunds (order_id, refund_id);
CREATE INDEX order_refunds_to_send ON order_refunds (next_try_at) WHERE next_try_at IS NOT NULL;
CREATE UNIQUE INDEX order_refunds_by_source ON order_refunds (order_id, source_hash) WHERE source_hash IS NOT NULL;
CREATE UNIQUE INDEX order_refunds_by_number ON order_refunds (order_id, number_hash) WHERE number_hash IS NOT NULL;

CREATE TABLE disputes (
    dispute_id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders (order_id),
    account_id uuid NOT NULL,
    number_hash bytea NOT NULL CHECK (length(number_hash) = 32),
    number_mask text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'won', 'lost')),
    amount bigint NOT NULL CHECK (amount >= 0),
    opened_at bigint NOT NULL,
    ended_at bigint,
    UNIQUE (order_id, number_hash)
);

-- What a company wants its invoice (发票) for an order made out to.
CREATE TABLE invoice_requests (
    invoice_id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders (order_id),
    account_id uuid NOT NULL,
    legal_name text NOT NULL CHECK (length(legal_name) BETWEEN 1 AND 200),
    tax_id text NOT NULL CHECK (tax_id ~ '^[0-9A-Z]{6,20}$'),
    state text NOT NULL CHECK (state IN ('requested', 'issued', 'rejected')),
    number text CHECK (length(number) BETWEEN 1 AND 60),
    reason text,
    requested_by text NOT NULL,
    requested_at bigint NOT NULL,
    decided_by text,
    decided_at bigint
);
-- One at a time for an order; a rejected one may be asked for anew.
CREATE UNIQUE INDEX invoice_requests_open ON invoice_requests (order_id) WHERE state <> 'rejected';
CREATE INDEX invoice_requests_by_account ON invoice_requests (account_id, invoice_id);
