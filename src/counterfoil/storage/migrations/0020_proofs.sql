-- When somebody last made the ledger prove itself, and how that ended; and what may be approved: credits, and grants that
-- are ended by hand. Times are UTC microseconds. Every statement here is safe under the release before.

CREATE TABLE ledger_verifications (
    verification_id uuid PRIMARY KEY,
    started_by text NOT NULL CHECK (length(started_by) BETWEEN 1 AND 400),
    started_at bigint NOT NULL,
    -- When the process that verifies was last heard of: one that was killed is not waited for.
    heard_at bigint NOT NULL,
    ended_at bigint,
    state text NOT NULL CHECK (state IN ('running', 'verified', 'differs', 'failed')),
    -- Rows to walk, as far as the accounts say, and rows walked.
    transfers_expected bigint NOT NULL CHECK (transfers_expected >= 0),
    transfers bigint NOT NULL DEFAULT 0 CHECK (transfers >= 0),
    accounts bigint NOT NULL DEFAULT 0 CHECK (accounts >= 0),
    checkpoints bigint NOT NULL DEFAULT 0 CHECK (checkpoints >= 0),
    findings jsonb NOT NULL DEFAULT '[]',
    -- Why it came to no end: the code of an error.
    failure text CHECK (length(failure) BETWEEN 1 AND 60),
    CHECK ((state = 'running') = (ended_at IS NULL)),
    CHECK ((state = 'failed') = (failure IS NOT NULL))
);
-- It reads everything: one at a time.
CREATE UNIQUE INDEX ledger_verifications_running ON ledger_verifications ((true)) WHERE state = 'running';
REVOKE DELETE, TRUNCATE ON ledger_verifications FROM counterfoil_runtime;

ALTER TABLE approvals DROP CONSTRAINT approvals_action_check;
ALTER TABLE approvals ADD CONSTRAINT approvals_action_check CHECK (action IN (
    'order_confirm', 'order_refund', 'order_dispute', 'adjustment', 'credit', 'grant_end',
    'break_write_off', 'break_credit', 'break_refund', 'break_adjust', 'break_undo'
));
-- The boards of refunds and disputes, newest first; orders of a stretch of time are found by their ids.
CREATE INDEX order_refunds_open ON order_refunds (refund_id) WHERE state NOT IN ('succeeded', 'failed');
CREATE INDEX disputes_open ON disputes (dispute_id) WHERE state = 'open';
