-- What accounts were charged, hour by hour and for whom: added up from their transfers as they come, away from the calls
-- that pay for it, so that a month of a million calls is a few thousand rows. Times are UTC microseconds, amounts nanos.

-- How far an account's transfers have been added up: the version of the last one.
CREATE TABLE spend_marks (
    account_id uuid PRIMARY KEY,
    version bigint NOT NULL
) WITH (fillfactor = 50);

-- In an hour, what was charged and what was given back then. Whoever no group or member stands for has the nil id.
CREATE TABLE spend_hours (
    account_id uuid NOT NULL,
    hour bigint NOT NULL,
    key_id uuid NOT NULL,
    group_id uuid NOT NULL,
    member_id uuid NOT NULL,
    model text NOT NULL,
    client text NOT NULL,
    calls bigint NOT NULL,
    charged_nanos bigint NOT NULL,
    refunded_nanos bigint NOT NULL,
    -- Of these, what was sent again although a copy had been charged already.
    retries bigint NOT NULL,
    retries_nanos bigint NOT NULL,
    duplicates bigint NOT NULL,
    duplicates_nanos bigint NOT NULL,
    last_at bigint NOT NULL,
    PRIMARY KEY (account_id, hour, key_id, group_id, member_id, model, client)
) WITH (fillfactor = 70);
-- When a key was last charged.
CREATE INDEX spend_hours_by_key ON spend_hours (account_id, key_id, last_at);
