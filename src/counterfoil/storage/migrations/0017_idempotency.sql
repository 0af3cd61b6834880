-- Writes that were sent under an `Idempotency-Key`, and what they were answered. Times are UTC microseconds.
-- Safe under the release before: it does not know the table.

CREATE TABLE kept_answers (
    -- SHA-256 of the credential and the key that it sent: neither can be read from it.
    key_hash bytea PRIMARY KEY CHECK (octet_length(key_hash) = 32),
    -- SHA-256 of what was asked: method, address and body.
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    -- Method and address, for whoever looks into the table; without a query.
    route text NOT NULL CHECK (length(route) BETWEEN 1 AND 300),
    -- Who is carrying it out, and until when that is believed without a sign of life.
    holder uuid NOT NULL,
    lease_until bigint NOT NULL,
    created_at bigint NOT NULL,
    -- The answer: it may hold a secret that is shown once, so it lies here sealed.
    answered_at bigint,
    status integer CHECK (status BETWEEN 200 AND 299),
    answer bytea,
    CHECK ((answered_at IS NULL) = (status IS NULL) AND (answered_at IS NULL) = (answer IS NULL))
);
CREATE INDEX kept_answers_by_age ON kept_answers (created_at);
