-- People who sign in, what lets them in, and the record of what they did. Times are UTC microseconds. Of tokens and
-- recovery codes only a SHA-256 is kept (they are random), of passwords an Argon2 hash, of second factors what is sealed
-- under a key outside the database.

-- What a member is on their account. Whoever was added without one may use keys and see usage, and no money.
ALTER TABLE members ADD COLUMN role text NOT NULL DEFAULT 'developer'
    CHECK (role IN ('owner', 'admin', 'developer', 'billing_viewer'));
CREATE INDEX members_owners ON members (account_id) WHERE role = 'owner';

CREATE TABLE people (
    person_id uuid PRIMARY KEY,
    -- A member's own; staff without an account take one of the same row of numbers.
    user_number bigint NOT NULL UNIQUE,
    email text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    nickname text CHECK (length(nickname) BETWEEN 1 AND 120),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
    staff_roles text[] NOT NULL DEFAULT '{}'
        CHECK (staff_roles <@ ARRAY['support', 'engineering', 'operations', 'finance', 'editor', 'administrator']),
    member_id uuid UNIQUE REFERENCES members (member_id),
    password_hash text CHECK (password_hash LIKE '$argon2id$%'),
    -- A second factor in use, one that is still to be confirmed, and the last step whose code was taken.
    totp_sealed bytea,
    totp_pending_sealed bytea,
    totp_step bigint,
    email_verified_at bigint,
    language text CHECK (language IN ('zh', 'en')),
    time_zone text CHECK (length(time_zone) BETWEEN 1 AND 60),
    theme text NOT NULL DEFAULT 'system' CHECK (theme IN ('system', 'light', 'dark')),
    trial_granted_at bigint,
    created_at bigint NOT NULL
);
CREATE UNIQUE INDEX people_by_email ON people (lower(email));
CREATE INDEX people_by_nickname ON people (lower(nickname));
CREATE INDEX people_staff ON people (person_id) WHERE cardinality(staff_roles) > 0;
CREATE INDEX people_administrators ON people (person_id) WHERE 'administrator' = ANY (staff_roles);

CREATE TABLE recovery_codes (
    person_id uuid NOT NULL REFERENCES people (person_id),
    code_hash bytea NOT NULL CHECK (octet_length(code_hash) = 32),
    used_at bigint,
    PRIMARY KEY (person_id, code_hash)
);

-- Whom a provider of sign-in knows by which subject.
CREATE TABLE oidc_identities (
    issuer text NOT NULL CHECK (length(issuer) BETWEEN 1 AND 500),
    subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 500),
    person_id uuid NOT NULL REFERENCES people (person_id),
    linked_at bigint NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX oidc_identities_by_person ON oidc_identities (person_id);

-- Who wants to become a customer and has not shown yet that the address is theirs.
CREATE TABLE registrations (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    email text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    nickname text CHECK (length(nickname) BETWEEN 1 AND 120),
    language text NOT NULL CHECK (language IN ('zh', 'en')),
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX registrations_by_email ON registrations (lower(email));
CREATE INDEX registrations_by_expiry ON registrations (expires_at);

CREATE TABLE password_resets (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    person_id uuid NOT NULL REFERENCES people (person_id),
    -- Whether the link went to the person's address, so that whoever has it has shown that it is theirs.
    mailed boolean NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX password_resets_by_person ON password_resets (person_id);
CREATE INDEX password_resets_by_expiry ON password_resets (expires_at);

-- To an account with a role, or to the staff.
CREATE TABLE invitations (
    invitation_id uuid PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    email text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    account_id uuid REFERENCES accounts (account_id),
    role text CHECK (role IN ('owner', 'admin', 'developer', 'billing_viewer')),
    staff_roles text[] NOT NULL DEFAULT '{}'
        CHECK (staff_roles <@ ARRAY['support', 'engineering', 'operations', 'finance', 'editor', 'administrator']),
    language text NOT NULL CHECK (language IN ('zh', 'en')),
    mailed boolean NOT NULL,
    invited_by text NOT NULL CHECK (length(invited_by) BETWEEN 1 AND 254),
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    accepted_at bigint,
    accepted_by uuid REFERENCES people (person_id),
    revoked_at bigint,
    revoked_by text CHECK (length(revoked_by) BETWEEN 1 AND 254),
    CHECK ((account_id IS NULL) = (role IS NULL)),
    CHECK ((account_id IS NULL) = (cardinality(staff_roles) > 0)),
    CHECK ((accepted_at IS NULL) = (accepted_by IS NULL)),
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL)),
    CHECK (accepted_at IS NULL OR revoked_at IS NULL)
);
CREATE INDEX invitations_by_account ON invitations (account_id, invitation_id);
CREATE INDEX invitations_open_by_email ON invitations (lower(email)) WHERE accepted_at IS NULL AND revoked_at IS NULL;

-- The link that makes the first administrator; each host of an installation may have one.
CREATE TABLE administrator_links (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    created_at bigint NOT NULL,
    used_at bigint
);

CREATE TABLE sessions (
    session_id uuid PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    person_id uuid NOT NULL REFERENCES people (person_id),
    created_at bigint NOT NULL,
    last_used_at bigint NOT NULL,
    -- At the latest; a session that is not used ends sooner.
    ends_at bigint NOT NULL,
    confirmed_at bigint NOT NULL,
    device text NOT NULL CHECK (length(device) <= 80),
    client_address text NOT NULL CHECK (length(client_address) <= 64)
) WITH (fillfactor = 80);
CREATE INDEX sessions_by_person ON sessions (person_id, session_id);
CREATE INDEX sessions_by_use ON sessions (last_used_at);

-- Who has to wait before trying again, by a keyed hash of the address or of the e-mail.
CREATE TABLE sign_in_throttles (
    key_hash bytea PRIMARY KEY CHECK (octet_length(key_hash) = 32),
    tries bigint NOT NULL CHECK (tries >= 0),
    last_at bigint NOT NULL,
    blocked_until bigint NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX sign_in_throttles_by_time ON sign_in_throttles (last_at);

-- REST tokens: what a program may do in somebody's name.
CREATE TABLE rest_tokens (
    token_id uuid PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    person_id uuid NOT NULL REFERENCES people (person_id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    mask text NOT NULL CHECK (length(mask) <= 40),
    scopes text[] NOT NULL CHECK (cardinality(scopes) BETWEEN 1 AND 64),
    created_at bigint NOT NULL,
    expires_at bigint,
    -- Days since 1970-01-01 in UTC.
    last_used_day bigint,
    revoked_at bigint,
    CHECK (expires_at > created_at)
);
CREATE INDEX rest_tokens_by_person ON rest_tokens (person_id, token_id);

-- Who saw or did what, on whose account, and why. Rows are only ever added.
CREATE TABLE audit_events (
    event_id uuid PRIMARY KEY,
    at bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('saw', 'did')),
    what text NOT NULL CHECK (length(what) BETWEEN 1 AND 100),
    by_name text NOT NULL CHECK (length(by_name) BETWEEN 1 AND 254),
    -- None for the operator's token and for the terminal.
    person_id uuid,
    account_id uuid,
    -- What exactly, by its shown id.
    subject text CHECK (length(subject) BETWEEN 1 AND 200),
    why text CHECK (length(why) BETWEEN 1 AND 500),
    client_address text CHECK (length(client_address) <= 64),
    -- Set for `saw`: the same person, account and thing leave one row an hour.
    seen_hash bytea CHECK (octet_length(seen_hash) = 32),
    seen_hour bigint,
    CHECK ((kind = 'saw') = (seen_hash IS NOT NULL)),
    CHECK ((kind = 'saw') = (seen_hour IS NOT NULL))
);
CREATE UNIQUE INDEX audit_events_seen ON audit_events (seen_hash, seen_hour) WHERE kind = 'saw';
CREATE INDEX audit_events_by_account ON audit_events (account_id, event_id) WHERE account_id IS NOT NULL;
CREATE INDEX audit_events_by_what ON audit_events (what, event_id);
CREATE INDEX audit_events_by_person ON audit_events (person_id, event_id) WHERE person_id IS NOT NULL;
REVOKE UPDATE, DELETE, TRUNCATE ON audit_events FROM counterfoil_runtime;
