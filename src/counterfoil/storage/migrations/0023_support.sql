-- The support desk: cases, what happened to them, what was searched for them, and what was refused before it came in. Times
-- are UTC microseconds. What people typed is in `cases.fields` and `case_texts` alone, which can be emptied for good.

CREATE TABLE case_groups (
    group_id uuid PRIMARY KEY,
    -- Cases of one cause: by the record and the cause where both are known, else by what their texts have in common.
    key text NOT NULL UNIQUE CHECK (length(key) BETWEEN 1 AND 300),
    problem text NOT NULL CHECK (length(problem) BETWEEN 1 AND 60),
    cause text CHECK (length(cause) BETWEEN 1 AND 60),
    cases bigint NOT NULL DEFAULT 0 CHECK (cases >= 0),
    created_at bigint NOT NULL,
    changed_at bigint NOT NULL
);

-- A case as it stands: what its events add up to.
CREATE TABLE cases (
    case_id uuid PRIMARY KEY,
    number text NOT NULL UNIQUE CHECK (number ~ '^CS-[2-9A-Z]{4}-[2-9A-Z]{4}$'),
    problem text NOT NULL CHECK (length(problem) BETWEEN 1 AND 60),
    state text NOT NULL CHECK (state IN (
        'new', 'diagnosed', 'waiting_for_customer', 'with_operations', 'with_finance', 'with_engineering', 'resolved',
        'closed'
    )),
    priority text NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    language text NOT NULL CHECK (language IN ('zh', 'en')),
    channel text NOT NULL CHECK (channel IN ('form', 'api', 'console', 'template')),
    -- By the code of the evidence field; judged before it came here, and emptied when the case is purged.
    fields jsonb NOT NULL,
    person_id uuid REFERENCES people (person_id),
    account_id uuid REFERENCES accounts (account_id),
    subject text CHECK (length(subject) BETWEEN 1 AND 200),
    cause text CHECK (length(cause) BETWEEN 1 AND 60),
    owner text CHECK (length(owner) BETWEEN 1 AND 254),
    due_at bigint NOT NULL,
    group_id uuid REFERENCES case_groups (group_id),
    resolution text CHECK (resolution IN (
        'compensation', 'refund', 'credit_again', 'key_rotation', 'works_as_intended', 'answered', 'duplicate',
        'not_reproducible'
    )),
    -- The number of its last event.
    event_no bigint NOT NULL CHECK (event_no >= 1),
    created_at bigint NOT NULL,
    changed_at bigint NOT NULL,
    -- Since when the records are to be searched for it (again); None: that is done.
    search_due_at bigint,
    -- Of one sending, which may arrive twice: a keyed hash of the key that came with it, and one of what was in it.
    submission_hash bytea NOT NULL UNIQUE CHECK (octet_length(submission_hash) = 32),
    content_hash bytea CHECK (octet_length(content_hash) = 32),
    purged_at bigint,
    CHECK ((purged_at IS NULL) = (content_hash IS NOT NULL)),
    CHECK (purged_at IS NULL OR fields = '{}'),
    -- Closed without a resolution is what nobody answered any more.
    CHECK (state <> 'resolved' OR resolution IS NOT NULL)
) WITH (fillfactor = 80);
-- The queue, by what is due first; and each person's own work.
CREATE INDEX cases_open ON cases (due_at, case_id) WHERE state NOT IN ('resolved', 'closed');
CREATE INDEX cases_by_owner ON cases (owner, due_at) WHERE owner IS NOT NULL AND state NOT IN ('resolved', 'closed');
CREATE INDEX cases_by_account ON cases (account_id, case_id) WHERE account_id IS NOT NULL;
CREATE INDEX cases_by_person ON cases (person_id, case_id) WHERE person_id IS NOT NULL;
CREATE INDEX cases_by_subject ON cases (subject) WHERE subject IS NOT NULL;
CREATE INDEX cases_by_group ON cases (group_id, case_id) WHERE group_id IS NOT NULL;
CREATE INDEX cases_to_search ON cases (search_due_at, case_id) WHERE search_due_at IS NOT NULL;
REVOKE DELETE, TRUNCATE ON cases FROM counterfoil_runtime;

-- Every step. Rows are only ever added; `facts` are ids, codes, numbers and names of fields, never what somebody typed.
CREATE TABLE case_events (
    case_id uuid NOT NULL REFERENCES cases (case_id),
    event_no bigint NOT NULL CHECK (event_no >= 1),
    kind text NOT NULL CHECK (kind IN (
        'arrived', 'searched', 'diagnosed', 'record_confirmed', 'record_rejected', 'noted', 'assigned', 'priority_set',
        'asked', 'answered_by_customer', 'replied', 'handed_over', 'handed_back', 'settlement_proposed',
        'settlement_done', 'settlement_rejected', 'grouped', 'ungrouped', 'resolved', 'closed', 'reopened', 'purged'
    )),
    by_name text NOT NULL CHECK (length(by_name) BETWEEN 1 AND 254),
    at bigint NOT NULL,
    facts jsonb NOT NULL,
    is_public boolean NOT NULL DEFAULT false,
    PRIMARY KEY (case_id, event_no)
);
-- Metrics of a stretch of time are counted from here.
CREATE INDEX case_events_by_time ON case_events (at, kind);
REVOKE UPDATE, DELETE, TRUNCATE ON case_events FROM counterfoil_runtime;

-- What was written with a step: notes, replies, answers. Apart from the events, because it can be purged and they cannot.
CREATE TABLE case_texts (
    case_id uuid NOT NULL,
    event_no bigint NOT NULL,
    text text CHECK (length(text) BETWEEN 1 AND 8000),
    -- Fields as they came, by their codes.
    fields jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (case_id, event_no),
    FOREIGN KEY (case_id, event_no) REFERENCES case_events (case_id, event_no)
);
REVOKE UPDATE, TRUNCATE ON case_texts FROM counterfoil_runtime;

-- Private links, of which only a SHA-256 is kept: a token has 256 bits.
CREATE TABLE case_links (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    case_id uuid NOT NULL REFERENCES cases (case_id),
    created_at bigint NOT NULL,
    revoked_at bigint
);
CREATE INDEX case_links_by_case ON case_links (case_id);

-- What a search of the records has found for a case: candidates as the desk's rules ranked them, best first.
CREATE TABLE case_searches (
    case_id uuid NOT NULL REFERENCES cases (case_id),
    search_no bigint NOT NULL CHECK (search_no >= 1),
    at bigint NOT NULL,
    candidates jsonb NOT NULL,
    -- The explanation of the best one, as staff may see it; None where nothing was found or nothing explains it.
    explanation jsonb,
    -- Whether what was named belongs to one account.
    same_account text CHECK (length(same_account) BETWEEN 1 AND 60),
    PRIMARY KEY (case_id, search_no)
);

-- Money that goes back for a case: proposed here, decided where every proposal is.
CREATE TABLE case_settlements (
    settlement_id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES cases (case_id),
    approval_id uuid UNIQUE,
    kind text NOT NULL CHECK (kind IN ('compensation', 'refund', 'credit_again')),
    account_id uuid NOT NULL REFERENCES accounts (account_id),
    amount_nanos bigint NOT NULL CHECK (amount_nanos > 0),
    currency text NOT NULL CHECK (length(currency) = 3),
    state text NOT NULL CHECK (state IN ('proposed', 'done', 'rejected')),
    proposed_by text NOT NULL CHECK (length(proposed_by) BETWEEN 1 AND 254),
    proposed_at bigint NOT NULL,
    ended_at bigint,
    CHECK ((state = 'proposed') = (ended_at IS NULL))
);
CREATE INDEX case_settlements_by_case ON case_settlements (case_id, settlement_id);

-- Searches of the queue that somebody keeps under a name.
CREATE TABLE case_saved_searches (
    search_id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people (person_id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    is_shared boolean NOT NULL DEFAULT false,
    query jsonb NOT NULL,
    created_at bigint NOT NULL,
    UNIQUE (person_id, name)
);

-- How often what was refused where, by day (since 1970-01-01 in UTC): the one thing that is kept of it.
CREATE TABLE refused_counts (
    day bigint NOT NULL,
    problem text NOT NULL CHECK (length(problem) BETWEEN 1 AND 60),
    field text NOT NULL CHECK (length(field) BETWEEN 1 AND 60),
    class text NOT NULL CHECK (length(class) BETWEEN 1 AND 60),
    count bigint NOT NULL CHECK (count > 0),
    PRIMARY KEY (day, problem, field, class)
) WITH (fillfactor = 70);
REVOKE DELETE, TRUNCATE ON refused_counts FROM counterfoil_runtime;

-- What a case may bring before those who approve.
ALTER TABLE approvals DROP CONSTRAINT approvals_action_check;
ALTER TABLE approvals ADD CONSTRAINT approvals_action_check CHECK (action IN (
    'order_confirm', 'order_refund', 'order_dispute', 'adjustment', 'credit', 'grant_end',
    'break_write_off', 'break_credit', 'break_refund', 'break_adjust', 'break_undo',
    'case_compensation', 'case_refund', 'case_credit_again'
));
