-- Raising a limit until a time, and asking for it. Times are UTC microseconds; amounts are in the limit's unit.

-- Until `raised_until` at most `raised_amount` instead, if that is more: read with the limit, decided by a rule.
ALTER TABLE limits ADD COLUMN raised_amount bigint CHECK (raised_amount >= 0);
ALTER TABLE limits ADD COLUMN raised_until bigint;
ALTER TABLE limits ADD CONSTRAINT limits_raised CHECK ((raised_amount IS NULL) = (raised_until IS NULL));

-- Somebody has met a limit and asks whoever may raise it.
CREATE TABLE limit_asks (
    account_id uuid NOT NULL,
    ask_id uuid NOT NULL,
    limit_id uuid NOT NULL,
    asked_by text NOT NULL CHECK (length(asked_by) BETWEEN 1 AND 254),
    member_id uuid,
    -- What the call needed, where that is known.
    needed bigint CHECK (needed > 0),
    request_id uuid,
    -- Redacted before it is kept.
    note text CHECK (length(note) BETWEEN 1 AND 500),
    asked_at bigint NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'raised', 'declined')),
    answered_by text CHECK (length(answered_by) BETWEEN 1 AND 254),
    answered_at bigint,
    answer text CHECK (length(answer) BETWEEN 1 AND 500),
    -- To what it was raised, and until when; without a time it was raised for good.
    raised_to bigint CHECK (raised_to >= 0),
    raised_until bigint,
    PRIMARY KEY (account_id, ask_id),
    FOREIGN KEY (account_id, limit_id) REFERENCES limits (account_id, limit_id),
    CHECK ((state = 'open') = (answered_at IS NULL)),
    CHECK ((state = 'open') = (answered_by IS NULL)),
    CHECK ((state = 'raised') = (raised_to IS NOT NULL))
);
-- Who asks again while nobody has answered says more about the same thing.
CREATE UNIQUE INDEX limit_asks_open ON limit_asks (account_id, limit_id, asked_by) WHERE state = 'open';
-- People come with an ask's id and nothing else.
CREATE UNIQUE INDEX limit_asks_by_id ON limit_asks (ask_id);
