-- Approvals: what one person proposes and another decides, or one person does alone under a cap and says why.
-- Times are UTC microseconds. Every statement here is safe under the release before: new tables are unknown to it.

CREATE TABLE approvals (
    approval_id uuid PRIMARY KEY,
    action text NOT NULL CHECK (action IN ('order_confirm', 'order_refund', 'order_dispute', 'adjustment')),
    -- What it is about, by its shown id.
    subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 200),
    account_id uuid NOT NULL REFERENCES accounts (account_id),
    amount bigint,
    currency text,
    reason text NOT NULL CHECK (length(reason) <= 2000),
    -- What the flow needs to carry it out.
    payload jsonb NOT NULL,
    -- SHA-256 of account, amount, currency and payload: whether two proposals are the same.
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    proposed_by text NOT NULL CHECK (length(proposed_by) BETWEEN 1 AND 400),
    proposed_at bigint NOT NULL,
    policy text NOT NULL CHECK (policy IN ('two_people', 'single_with_reason')),
    state text NOT NULL CHECK (state IN ('proposed', 'approved', 'rejected', 'withdrawn')),
    decided_by text CHECK (length(decided_by) BETWEEN 1 AND 400),
    decided_at bigint,
    decision_reason text CHECK (length(decision_reason) <= 2000),
    CHECK ((amount IS NULL) = (currency IS NULL)),
    CHECK ((state = 'proposed') = (decided_at IS NULL) AND (state = 'proposed') = (decided_by IS NULL)),
    CONSTRAINT one_person_says_why CHECK (
        policy <> 'single_with_reason'
        OR (reason <> '' AND state IN ('proposed', 'approved') AND coalesce(decided_by, proposed_by) = proposed_by)
    ),
    CONSTRAINT two_people_are_two CHECK (
        policy <> 'two_people' OR state <> 'approved' OR lower(decided_by) <> lower(proposed_by)
    )
);
-- The same again, while it waits, is the one that waits.
CREATE UNIQUE INDEX approvals_open ON approvals (action, subject, fingerprint) WHERE state = 'proposed';
CREATE INDEX approvals_by_subject ON approvals (subject, approval_id);
CREATE INDEX approvals_by_account ON approvals (account_id, approval_id);
-- What was proposed stays as it was proposed; only the decision is filled in.
REVOKE UPDATE, DELETE, TRUNCATE ON approvals FROM counterfoil_runtime;
GRANT UPDATE (state, decided_by, decided_at, decision_reason) ON approvals TO counterfoil_runtime;

-- Every step, for good: 1 is the proposal, 2 the decision.
CREATE TABLE approval_events (
    approval_id uuid NOT NULL REFERENCES approvals (approval_id),
    number bigint NOT NULL CHECK (number IN (1, 2)),
    at bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('proposed', 'approved', 'rejected', 'withdrawn')),
    by text NOT NULL,
    reason text,
    PRIMARY KEY (approval_id, number)
);
REVOKE UPDATE, DELETE, TRUNCATE ON approval_events FROM counterfoil_runtime;
