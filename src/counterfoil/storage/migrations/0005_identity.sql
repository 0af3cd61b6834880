-- Members: the people on an account. Times are UTC microseconds.

CREATE TABLE members (
    member_id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (account_id),
    -- What people read out to support. It only grows; a number that an aborted insert has taken stays unused.
    user_number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    email text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    nickname text CHECK (length(nickname) BETWEEN 1 AND 120),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
    created_at bigint NOT NULL
);
-- One person per address, however its letters are written.
CREATE UNIQUE INDEX members_by_email ON members (lower(email));
CREATE INDEX members_by_nickname ON members (lower(nickname));
CREATE INDEX members_by_account ON members (account_id, member_id);
