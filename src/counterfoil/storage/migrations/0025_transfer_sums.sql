-- What stretches of an account's transfers come to, by code, cause and accounts: of 64 transfers each, and of 4,096. They are
-- added up in the background once a stretch is full. Posted rows never change, so neither does a row of these; a stretch has
-- all of its rows or none, and an account's stretches of one length follow each other from the first. Statements and months
-- read these instead of every transfer.
CREATE TABLE transfer_sums (
    account_id uuid NOT NULL,
    -- How many versions, and which so many: the n-th, from 0, has those above span * n and through span * (n + 1).
    span integer NOT NULL CHECK (span > 1),
    stretch bigint NOT NULL CHECK (stretch >= 0),
    code text NOT NULL,
    cause_kind text NOT NULL,
    debit text NOT NULL,
    credit text NOT NULL,
    transfers integer NOT NULL CHECK (transfers > 0),
    -- Of these, the first legs of their operations.
    first_legs integer NOT NULL CHECK (first_legs >= 0),
    -- The sum of as many amounts may be more than a bigint holds.
    amount numeric NOT NULL CHECK (amount > 0),
    first_version bigint NOT NULL,
    last_version bigint NOT NULL,
    first_at bigint NOT NULL,
    last_at bigint NOT NULL,
    PRIMARY KEY (account_id, span, stretch, code, cause_kind, debit, credit)
);
REVOKE UPDATE, DELETE, TRUNCATE ON transfer_sums FROM counterfoil_runtime;
