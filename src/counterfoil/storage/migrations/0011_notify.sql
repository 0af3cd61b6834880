-- Telling people: where announcements go, what came of each, and what watching accounts needs to remember.
-- Times are UTC microseconds, amounts nanos. No address and no secret is here in plain (L12).

CREATE TABLE alert_channels (
    channel_id uuid PRIMARY KEY,
    -- None: of operations.
    account_id uuid REFERENCES accounts (account_id),
    kind text NOT NULL CHECK (kind IN ('webhook', 'apprise')),
    -- What of its address may be shown.
    mask text NOT NULL CHECK (length(mask) BETWEEN 1 AND 200),
    url_sealed bytea,
    secret_sealed bytea,
    -- While a secret is being replaced, both sign.
    former_secret_sealed bytea,
    former_until bigint,
    language text NOT NULL CHECK (language IN ('zh', 'en')),
    -- None: everything that is meant for its readers.
    kinds text[] CHECK (cardinality(kinds) BETWEEN 1 AND 100),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled', 'removed')),
    created_at bigint NOT NULL,
    removed_at bigint,
    CHECK ((status = 'removed') = (url_sealed IS NULL)),
    CHECK ((former_secret_sealed IS NULL) = (former_until IS NULL))
);
CREATE INDEX alert_channels_by_account ON alert_channels (account_id, channel_id) WHERE status <> 'removed';

-- What an account wants otherwise than the settings say; None is as they say, 0 is off.
CREATE TABLE alert_rules (
    account_id uuid PRIMARY KEY REFERENCES accounts (account_id),
    low_balance_nanos bigint CHECK (low_balance_nanos >= 0),
    lasts_days bigint CHECK (lasts_days BETWEEN 0 AND 365),
    spike_times bigint CHECK (spike_times BETWEEN 0 AND 1000),
    mail_members boolean,
    language text CHECK (language IN ('zh', 'en')),
    -- Kinds that are not told to the account's channels and members.
    off text[] NOT NULL DEFAULT '{}' CHECK (cardinality(off) <= 100)
);

-- One announcement on its way to one channel or member.
CREATE TABLE alert_deliveries (
    delivery_id uuid PRIMARY KEY,
    announcement_id uuid NOT NULL REFERENCES outbox (announcement_id),
    channel_id uuid REFERENCES alert_channels (channel_id),
    member_id uuid,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'given_up', 'dropped')),
    tries bigint NOT NULL DEFAULT 0,
    created_at bigint NOT NULL,
    next_try_at bigint,
    leased_until bigint,
    last_try_at bigint,
    ended_at bigint,
    outcome text,
    detail text CHECK (length(detail) <= 100),
    CHECK ((channel_id IS NULL) <> (member_id IS NULL)),
    CHECK ((state = 'waiting') = (next_try_at IS NOT NULL)),
    CHECK ((state = 'waiting') = (ended_at IS NULL))
) WITH (fillfactor = 80);
-- Told once.
CREATE UNIQUE INDEX alert_deliveries_to_channel ON alert_deliveries (announcement_id, channel_id)
    WHERE channel_id IS NOT NULL;
CREATE UNIQUE INDEX alert_deliveries_to_member ON alert_deliveries (announcement_id, member_id)
    WHERE member_id IS NOT NULL;
CREATE INDEX alert_deliveries_due ON alert_deliveries (next_try_at) WHERE state = 'waiting';
CREATE INDEX alert_deliveries_of_channel ON alert_deliveries (channel_id, next_try_at) WHERE state = 'waiting';
CREATE INDEX alert_deliveries_ended ON alert_deliveries (ended_at) WHERE ended_at IS NOT NULL;

-- How far an account has been watched: its version (transfers) and event number (everything) at that time.
CREATE TABLE alert_marks (
    account_id uuid PRIMARY KEY,
    version bigint NOT NULL DEFAULT 0,
    event_no bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- What an account was charged in each hour of the last days, added up from its transfers as they come.
CREATE TABLE alert_hours (
    account_id uuid NOT NULL,
    hour bigint NOT NULL,
    charged_nanos bigint NOT NULL CHECK (charged_nanos >= 0),
    PRIMARY KEY (account_id, hour)
) WITH (fillfactor = 50);
CREATE INDEX alert_hours_by_time ON alert_hours (hour);

-- Attempts that an upstream refused for lack of our money there: rare, and looked for every minute.
CREATE INDEX attempts_out_of_money ON attempts (started_at) WHERE outcome = 'out_of_money';
