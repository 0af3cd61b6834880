-- Submissions (what a customer meant once, however often it was sent) and tasks. Times are UTC microseconds.
-- Every statement here is safe under the release before: new columns are empty, new tables unknown to it.

-- `verdict` is original, retry or duplicate; `first_request_id` the copy that a refused or repeated one was held against.
ALTER TABLE requests ADD COLUMN submission_id uuid;
ALTER TABLE requests ADD COLUMN verdict text;
ALTER TABLE requests ADD COLUMN first_request_id uuid;
-- A submission that was sent once has no entry: its only copy has the submission's own id.
CREATE INDEX requests_by_submission ON requests (account_id, submission_id) WHERE verdict <> 'original';

-- A submission has the id of its first request. Which copy stands in the way of the next is `blocker_id`; what became of
-- that copy is told by its request.
CREATE TABLE submissions (
    account_id uuid NOT NULL,
    submission_id uuid NOT NULL,
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    key_id uuid NOT NULL,
    endpoint text NOT NULL,
    model text,
    first_at bigint NOT NULL,
    last_at bigint NOT NULL,
    copies bigint NOT NULL CHECK (copies > 0),
    blocker_id uuid,
    PRIMARY KEY (account_id, submission_id)
) WITH (fillfactor = 80);
CREATE INDEX submissions_by_fingerprint ON submissions (account_id, fingerprint, submission_id);
CREATE INDEX submissions_sent_again ON submissions (account_id, submission_id) WHERE copies > 1;

-- An Idempotency-Key, as a keyed hash, and the last request that came with it.
CREATE TABLE idempotency_keys (
    account_id uuid NOT NULL,
    key_hash bytea NOT NULL CHECK (length(key_hash) = 32),
    request_id uuid NOT NULL,
    submission_id uuid,
    fingerprint bytea,
    bound_at bigint NOT NULL,
    PRIMARY KEY (account_id, key_hash)
);
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (bound_at);

-- What is done with copies: a key's own policy, else its group's, else the account's.
CREATE TABLE duplicate_policies (
    account_id uuid PRIMARY KEY REFERENCES accounts (account_id),
    policy text NOT NULL CHECK (policy IN ('off', 'flag', 'block')),
    window_seconds bigint CHECK (window_seconds BETWEEN 1 AND 86400)
);
ALTER TABLE groups ADD COLUMN duplicate_window_seconds bigint CHECK (duplicate_window_seconds BETWEEN 1 AND 86400);
ALTER TABLE api_keys ADD COLUMN duplicate_window_seconds bigint CHECK (duplicate_window_seconds BETWEEN 1 AND 86400);

-- What an upstream signs its callbacks with; like its own secret it is named or sealed, never plain (L12).
ALTER TABLE upstreams ADD COLUMN callback_secret_env text;
ALTER TABLE upstreams ADD COLUMN callback_secret_sealed bytea;

-- A task has the id of the request it came from, and of its hold. What it holds and has cost is told by that request.
CREATE TABLE tasks (
    account_id uuid NOT NULL,
    task_id uuid NOT NULL,
    key_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('image', 'video', 'speech', 'transcription')),
    -- Answered in the call that asked for it; the others are asked about until they end.
    direct boolean NOT NULL,
    endpoint text NOT NULL,
    model text NOT NULL,
    -- Written before the upstream is called: after a crash it says who may have the task.
    upstream text,
    upstream_model text,
    upstream_task_id text,
    state text NOT NULL CHECK (state IN
        ('submitted', 'queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired', 'unknown')),
    raw_state text,
    progress bigint CHECK (progress BETWEEN 0 AND 100),
    events bigint NOT NULL DEFAULT 0,
    -- What was asked for, as far as it is no content.
    input_type text NOT NULL,
    reference_images bigint NOT NULL DEFAULT 0,
    aspect_ratio text,
    resolution text,
    duration_seconds bigint,
    count bigint NOT NULL DEFAULT 1,
    quality text,
    camera text,
    remixed_from uuid,
    -- Images or seconds that there really are.
    delivered bigint,
    failure_code text,
    failure_reason text,
    download_state text NOT NULL DEFAULT 'none' CHECK (download_state IN
        ('none', 'available', 'downloaded', 'expired', 'deleted')),
    downloaded_at bigint,
    download_expires_at bigint,
    created_at bigint NOT NULL,
    accepted_at bigint,
    started_at bigint,
    ended_at bigint,
    hold_expires_at bigint NOT NULL,
    cancel_requested_at bigint,
    polls bigint NOT NULL DEFAULT 0,
    poll_failures bigint NOT NULL DEFAULT 0,
    polled_at bigint,
    next_poll_at bigint,
    leased_until bigint,
    PRIMARY KEY (account_id, task_id)
) WITH (fillfactor = 70);
-- People come with a task id and nothing else.
CREATE INDEX tasks_by_id ON tasks (task_id);
CREATE INDEX tasks_to_poll ON tasks (next_poll_at) WHERE next_poll_at IS NOT NULL;
CREATE INDEX tasks_open ON tasks (hold_expires_at) WHERE ended_at IS NULL;
-- A callback comes with the upstream's own id.
CREATE INDEX tasks_by_upstream ON tasks (upstream, upstream_task_id) WHERE upstream_task_id IS NOT NULL;

CREATE TABLE task_events (
    account_id uuid NOT NULL,
    task_id uuid NOT NULL,
    number bigint NOT NULL,
    at bigint NOT NULL,
    state text NOT NULL,
    raw_state text,
    source text NOT NULL,
    note text,
    PRIMARY KEY (account_id, task_id, number)
);

-- An upstream that does not answer is left alone for a while, by every process.
CREATE TABLE upstream_pauses (
    upstream text PRIMARY KEY,
    until_at bigint NOT NULL,
    failures bigint NOT NULL,
    reason text
);
