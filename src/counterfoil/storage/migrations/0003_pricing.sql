-- Price books. Times are UTC microseconds, rates nanos per million units.

CREATE TABLE price_books (
    -- 'customer' (or 'customer:NAME'), or 'upstream:NAME' for what an upstream bills us.
    book text PRIMARY KEY
        CHECK (book ~ '^(customer(:[a-z0-9][a-z0-9._-]{0,59})?|upstream:[a-z0-9][a-z0-9._-]{0,59})$'),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    -- Grows with every change: tells a process whether what it remembers is still the whole book.
    revision bigint NOT NULL DEFAULT 0 CHECK (revision >= 0),
    created_at bigint NOT NULL
);
REVOKE DELETE, TRUNCATE ON price_books FROM counterfoil_runtime;

-- A version is never changed. Of a model's versions that have started, the one with the highest number is in force: a
-- new one replaces those before it from its own start on, and what was charged before stays explained.
CREATE TABLE price_versions (
    version_id uuid PRIMARY KEY,
    book text NOT NULL REFERENCES price_books (book),
    model text NOT NULL CHECK (length(model) BETWEEN 1 AND 200),
    number bigint NOT NULL CHECK (number > 0),
    -- The revision of the book that brought it.
    revision bigint NOT NULL CHECK (revision > 0),
    valid_from bigint NOT NULL,
    created_at bigint NOT NULL,
    -- Everything else of the price: currency, tier, rates, context tiers, caps, bounds, source and its date. Null where
    -- the model was withdrawn.
    body jsonb,
    UNIQUE (book, model, number)
);
CREATE INDEX price_versions_by_revision ON price_versions (book, revision);
REVOKE UPDATE, DELETE, TRUNCATE ON price_versions FROM counterfoil_runtime;
