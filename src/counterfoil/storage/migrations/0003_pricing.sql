-- Price books. A version is never changed: a new price is a new version from a later time.

CREATE TABLE price_versions (
    version_id uuid PRIMARY KEY,
    -- 'customer', or 'upstream:NAME' for what an upstream bills us.
    book text NOT NULL CHECK (book = 'customer' OR book ~ '^upstream:[a-z0-9][a-z0-9._-]{0,59}$'),
    model text NOT NULL CHECK (length(model) BETWEEN 1 AND 200),
    number bigint NOT NULL CHECK (number > 0),
    valid_from bigint NOT NULL,
    created_at bigint NOT NULL,
    -- Everything else of the price: currency, tier, window, caps, rates, context tiers, bounds, source and its date.
    body jsonb NOT NULL,
    UNIQUE (book, model, number),
    UNIQUE (book, model, valid_from)
);
REVOKE UPDATE, DELETE, TRUNCATE ON price_versions FROM counterfoil_runtime;
