-- Reconciliation: what channels and upstreams say, what it was held against, and what does not match. Times are UTC
-- microseconds, amounts nanos of the currency named beside them. Channels' own numbers and payers are kept as keyed hashes
-- and masks. Every statement here is safe under the release before: new tables are unknown to it.

-- Where statements come from. `name` is a payment provider's, an upstream's or a bank account's.
CREATE TABLE statement_sources (
    name text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,59}$'),
    what text NOT NULL CHECK (what IN ('provider', 'upstream', 'bank')),
    -- Which importers its files are read by; empty: whichever recognises them.
    importers text[] NOT NULL DEFAULT '{}' CHECK (cardinality(importers) <= 20),
    time_zone text,
    currency text CHECK (currency ~ '^[A-Z]{3}$'),
    columns jsonb NOT NULL DEFAULT '{}',
    -- The merchant or account number that its files name, as a keyed hash and a mask; none: whatever they name.
    owner_hash bytea CHECK (octet_length(owner_hash) = 32),
    owner_mask text,
    -- Whether a day without a statement of it is incomplete.
    expected_daily boolean NOT NULL,
    -- How long after a day its lines may still come.
    settling_seconds bigint NOT NULL CHECK (settling_seconds BETWEEN 0 AND 7776000),
    -- What the channel has agreed to keep of a payment, in millionths, and on top of that; none: whatever it says.
    fee_millionths bigint CHECK (fee_millionths BETWEEN 0 AND 1000000),
    fee_fixed bigint NOT NULL DEFAULT 0 CHECK (fee_fixed >= 0),
    -- Currency -> how far sums may differ, in its smallest units.
    tolerance jsonb NOT NULL DEFAULT '{}',
    -- The bank account, also a source, that its payouts go to.
    payouts_to text,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
    created_at bigint NOT NULL,
    created_by text NOT NULL CHECK (length(created_by) BETWEEN 1 AND 400)
);
REVOKE DELETE, TRUNCATE ON statement_sources FROM counterfoil_runtime;

-- A file as it was read: the same bytes read by the same version of the same importer are the same statement.
CREATE TABLE statements (
    statement_id uuid PRIMARY KEY,
    source text NOT NULL REFERENCES statement_sources (name),
    file_hash bytea NOT NULL CHECK (octet_length(file_hash) = 32),
    importer text NOT NULL,
    importer_version bigint NOT NULL,
    name text NOT NULL CHECK (length(name) <= 400),
    -- What it covers, `ends` excluded; as the file says, or else the whole days of its lines.
    begins bigint,
    ends bigint,
    period_is_stated boolean NOT NULL,
    is_truncated boolean NOT NULL,
    lines bigint NOT NULL CHECK (lines >= 0),
    lines_new bigint NOT NULL CHECK (lines_new >= 0),
    lines_changed bigint NOT NULL CHECK (lines_changed >= 0),
    rejects bigint NOT NULL CHECK (rejects >= 0),
    totals bigint NOT NULL CHECK (totals >= 0),
    totals_wrong bigint NOT NULL CHECK (totals_wrong >= 0 AND totals_wrong <= totals),
    imported_at bigint NOT NULL,
    imported_by text NOT NULL CHECK (length(imported_by) BETWEEN 1 AND 400),
    -- A person has looked at what is wrong with it, or a better one has come: it no longer makes a day inconclusive.
    set_aside_at bigint,
    set_aside_by text,
    set_aside_reason text,
    UNIQUE (source, file_hash, importer, importer_version),
    CHECK (lines_new + lines_changed <= lines),
    CHECK ((set_aside_at IS NULL) = (set_aside_by IS NULL) AND (set_aside_at IS NULL) = (set_aside_reason IS NULL))
);
CREATE INDEX statements_by_hash ON statements (file_hash);
CREATE INDEX statements_by_period ON statements (source, begins, ends);
REVOKE UPDATE, DELETE, TRUNCATE ON statements FROM counterfoil_runtime;
GRANT UPDATE (set_aside_at, set_aside_by, set_aside_reason) ON statements TO counterfoil_runtime;

-- Lines. One that a later file tells otherwise is a further revision of it, and the highest one counts.
CREATE TABLE statement_lines (
    line_id uuid NOT NULL,
    revision bigint NOT NULL CHECK (revision > 0),
    source text NOT NULL,
    -- The statement's row follows its lines: how many of them are new is known when they have been looked up.
    statement_id uuid NOT NULL REFERENCES statements (statement_id) DEFERRABLE INITIALLY DEFERRED,
    importer text NOT NULL,
    number bigint NOT NULL,
    -- Keyed hash of what tells it from every other line of its source, and SHA-256 of what it says.
    natural_key bytea NOT NULL CHECK (octet_length(natural_key) = 32),
    content bytea NOT NULL CHECK (octet_length(content) = 32),
    kind text NOT NULL,
    status text NOT NULL,
    direction bigint NOT NULL CHECK (direction IN (-1, 1)),
    amount bigint NOT NULL CHECK (amount >= 0),
    fee bigint NOT NULL,
    currency text NOT NULL,
    at bigint NOT NULL,
    trade_key bytea CHECK (octet_length(trade_key) = 32),
    trade_mask text,
    order_id uuid,
    refund_key bytea CHECK (octet_length(refund_key) = 32),
    refund_mask text,
    refund_id uuid,
    payout_key bytea CHECK (octet_length(payout_key) = 32),
    payer_key bytea CHECK (octet_length(payer_key) = 32),
    payer_mask text,
    description text CHECK (length(description) <= 2000),
    -- What an upstream says was used.
    starts_at bigint,
    ends_at bigint,
    upstream_id text,
    model text,
    key_name text,
    requests bigint,
    input_tokens bigint,
    cached_tokens bigint,
    cache_write_tokens bigint,
    output_tokens bigint,
    failed boolean,
    -- The line cell by cell, redacted.
    raw jsonb NOT NULL,
    PRIMARY KEY (line_id, revision),
    UNIQUE (source, natural_key, revision)
);
CREATE INDEX statement_lines_by_time ON statement_lines (source, at);
CREATE INDEX statement_lines_by_day ON statement_lines (at);
CREATE INDEX statement_lines_by_statement ON statement_lines (statement_id, number);
CREATE INDEX statement_lines_by_trade ON statement_lines (trade_key) WHERE trade_key IS NOT NULL;
CREATE INDEX statement_lines_by_order ON statement_lines (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX statement_lines_by_refund ON statement_lines (refund_id) WHERE refund_id IS NOT NULL;
CREATE INDEX statement_lines_by_refund_key ON statement_lines (refund_key) WHERE refund_key IS NOT NULL;
CREATE INDEX statement_lines_by_payout ON statement_lines (payout_key) WHERE payout_key IS NOT NULL;
REVOKE UPDATE, DELETE, TRUNCATE ON statement_lines FROM counterfoil_runtime;

-- Lines that are not believed; never dropped.
CREATE TABLE statement_rejects (
    statement_id uuid NOT NULL REFERENCES statements (statement_id),
    place bigint NOT NULL CHECK (place > 0),
    number bigint NOT NULL,
    column_name text,
    reason text NOT NULL,
    raw text NOT NULL CHECK (length(raw) <= 2000),
    PRIMARY KEY (statement_id, place)
);
REVOKE UPDATE, DELETE, TRUNCATE ON statement_rejects FROM counterfoil_runtime;

-- What a file says that its lines come to, and what they do.
CREATE TABLE statement_totals (
    statement_id uuid NOT NULL REFERENCES statements (statement_id),
    place bigint NOT NULL CHECK (place > 0),
    name text NOT NULL,
    stated numeric NOT NULL,
    found numeric NOT NULL,
    is_count boolean NOT NULL,
    PRIMARY KEY (statement_id, place)
);
REVOKE UPDATE, DELETE, TRUNCATE ON statement_totals FROM counterfoil_runtime;

-- One book of one day, held against the other side once. Its row says `running` from its beginning; all it has found is
-- written together with its end.
CREATE TABLE reconcile_runs (
    run_id uuid PRIMARY KEY,
    day date NOT NULL,
    book text NOT NULL CHECK (book IN ('payments', 'charges', 'upstream', 'codes')),
    begins bigint NOT NULL,
    ends bigint NOT NULL CHECK (ends > begins),
    engine text NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'closed', 'inconclusive', 'failed')),
    started_at bigint NOT NULL,
    started_by text NOT NULL CHECK (length(started_by) BETWEEN 1 AND 400),
    ended_at bigint,
    -- Rows read, matched and not, by name; and why it is inconclusive or has failed.
    counts jsonb NOT NULL DEFAULT '{}',
    reasons jsonb NOT NULL DEFAULT '[]',
    CHECK ((state = 'running') = (ended_at IS NULL))
);
CREATE INDEX reconcile_runs_by_day ON reconcile_runs (day, book, run_id);
-- Two never work on one book at once.
CREATE UNIQUE INDEX reconcile_runs_running ON reconcile_runs (book) WHERE state = 'running';
REVOKE UPDATE, DELETE, TRUNCATE ON reconcile_runs FROM counterfoil_runtime;
GRANT UPDATE (state, ended_at, counts, reasons) ON reconcile_runs TO counterfoil_runtime;

-- A day that somebody has closed: every book was conclusive, and what does not match has an owner.
CREATE TABLE reconcile_days (
    day date PRIMARY KEY,
    closed_at bigint NOT NULL,
    closed_by text NOT NULL CHECK (length(closed_by) BETWEEN 1 AND 400),
    facts jsonb NOT NULL
);
REVOKE UPDATE, DELETE, TRUNCATE ON reconcile_days FROM counterfoil_runtime;

CREATE TABLE reconcile_matches (
    match_id uuid PRIMARY KEY,
    book text NOT NULL,
    -- SHA-256 of book, rule and rows.
    identity bytea NOT NULL CHECK (octet_length(identity) = 32),
    rule text NOT NULL,
    rule_version bigint NOT NULL,
    currency text,
    variance bigint NOT NULL,
    is_suggested boolean NOT NULL,
    -- The run that has found it, or the person who has made it.
    run_id uuid REFERENCES reconcile_runs (run_id),
    made_by text,
    made_at bigint NOT NULL,
    ended_at bigint,
    ended_by text,
    CHECK ((run_id IS NULL) <> (made_by IS NULL)),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX reconcile_matches_standing ON reconcile_matches (identity) WHERE ended_at IS NULL;
REVOKE UPDATE, DELETE, TRUNCATE ON reconcile_matches FROM counterfoil_runtime;
GRANT UPDATE (ended_at, ended_by) ON reconcile_matches TO counterfoil_runtime;

CREATE TABLE reconcile_match_rows (
    match_id uuid NOT NULL REFERENCES reconcile_matches (match_id),
    book text NOT NULL,
    -- `order:…`, `line:…`, with the side it stands on.
    row_name text NOT NULL CHECK (length(row_name) <= 200),
    side text NOT NULL CHECK (side IN ('ours', 'theirs')),
    -- What the match is about: an order's line may stand in one match with the order and in one with its payout.
    about text NOT NULL,
    is_suggested boolean NOT NULL,
    is_active boolean NOT NULL,
    PRIMARY KEY (match_id, row_name)
);
-- Each row is in at most one active match of what it is about; suggestions do not count.
CREATE UNIQUE INDEX reconcile_match_rows_once ON reconcile_match_rows (book, about, row_name)
    WHERE is_active AND NOT is_suggested;
CREATE INDEX reconcile_match_rows_by_row ON reconcile_match_rows (row_name) WHERE is_active;
REVOKE UPDATE, DELETE, TRUNCATE ON reconcile_match_rows FROM counterfoil_runtime;
GRANT UPDATE (is_active) ON reconcile_match_rows TO counterfoil_runtime;

CREATE TABLE reconcile_breaks (
    break_id uuid PRIMARY KEY,
    -- SHA-256 of book, class and rows: the same one found again is this one.
    identity bytea NOT NULL UNIQUE CHECK (octet_length(identity) = 32),
    book text NOT NULL CHECK (book IN ('payments', 'charges', 'upstream', 'codes')),
    class text NOT NULL,
    owner text NOT NULL,
    source text,
    account_id uuid,
    currency text,
    expected bigint,
    found bigint,
    at bigint NOT NULL,
    rule text NOT NULL,
    ours text[] NOT NULL,
    theirs text[] NOT NULL,
    alternatives text[] NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'expected', 'settled', 'ignored', 'closed_by_itself')),
    -- The first day on which its rows did not match: it ages from there.
    first_day date NOT NULL,
    last_day date NOT NULL,
    first_seen_at bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    expected_until bigint,
    events bigint NOT NULL DEFAULT 0,
    CHECK ((state = 'expected') = (expected_until IS NOT NULL))
);
CREATE INDEX reconcile_breaks_open ON reconcile_breaks (book, first_day, break_id) WHERE state IN ('open', 'expected');
CREATE INDEX reconcile_breaks_by_day ON reconcile_breaks (last_day, break_id);
CREATE INDEX reconcile_breaks_by_account ON reconcile_breaks (account_id, break_id) WHERE account_id IS NOT NULL;
REVOKE UPDATE, DELETE, TRUNCATE ON reconcile_breaks FROM counterfoil_runtime;
GRANT UPDATE (
    state, last_day, last_seen_at, expected_until, events, expected, found, alternatives, account_id
) ON reconcile_breaks TO counterfoil_runtime;

-- Every step of a break, for good.
CREATE TABLE reconcile_break_events (
    break_id uuid NOT NULL REFERENCES reconcile_breaks (break_id),
    number bigint NOT NULL CHECK (number > 0),
    at bigint NOT NULL,
    state text NOT NULL,
    what text NOT NULL,
    -- The person; none: a run, or an import.
    by text,
    run_id uuid,
    remark text CHECK (length(remark) <= 2000),
    facts jsonb NOT NULL,
    PRIMARY KEY (break_id, number)
);
REVOKE UPDATE, DELETE, TRUNCATE ON reconcile_break_events FROM counterfoil_runtime;

-- What was done about a break. Undoing is a settlement of its own that names the one it undoes.
CREATE TABLE reconcile_settlements (
    settlement_id uuid PRIMARY KEY,
    break_id uuid NOT NULL REFERENCES reconcile_breaks (break_id),
    number bigint NOT NULL CHECK (number > 0),
    action text NOT NULL CHECK (action IN
        ('link', 'ignore', 'expect', 'write_off', 'credit', 'refund', 'adjust', 'reopen', 'undo')),
    account_id uuid,
    amount bigint,
    currency text,
    -- What it did: the ledger's operation key, the match, the order, the request.
    facts jsonb NOT NULL,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 2000),
    by text NOT NULL CHECK (length(by) BETWEEN 1 AND 400),
    at bigint NOT NULL,
    -- Who has approved what moves money.
    approval_id uuid REFERENCES approvals (approval_id),
    undoes uuid REFERENCES reconcile_settlements (settlement_id),
    UNIQUE (break_id, number),
    CHECK ((amount IS NULL) = (currency IS NULL)),
    CHECK ((action = 'undo') = (undoes IS NOT NULL)),
    CONSTRAINT money_moves_by_approval CHECK (
        action NOT IN ('write_off', 'credit', 'refund', 'adjust') OR (approval_id IS NOT NULL AND amount IS NOT NULL)
    )
);
CREATE UNIQUE INDEX reconcile_settlements_undone ON reconcile_settlements (undoes) WHERE undoes IS NOT NULL;
REVOKE UPDATE, DELETE, TRUNCATE ON reconcile_settlements FROM counterfoil_runtime;

-- Approvals of what settles a break. A difference that nobody's account has caused is written off without one.
ALTER TABLE approvals ALTER COLUMN account_id DROP NOT NULL;
ALTER TABLE approvals DROP CONSTRAINT approvals_action_check;
ALTER TABLE approvals ADD CONSTRAINT approvals_action_check CHECK (action IN (
    'order_confirm', 'order_refund', 'order_dispute', 'adjustment',
    'break_write_off', 'break_credit', 'break_refund', 'break_adjust', 'break_undo'
));
ALTER TABLE approvals ADD CONSTRAINT only_a_write_off_has_no_account CHECK (
    account_id IS NOT NULL OR action IN ('break_write_off', 'break_undo')
);

-- Credits and cash that went back, of a day over all accounts; charges do not pay for it.
CREATE INDEX transfers_of_cash_by_time ON transfers (created_at)
    WHERE code IN ('credit', 'cash_refund', 'cash_shortfall', 'cash_restored');
CREATE INDEX transfers_of_cash_by_id ON transfers (transfer_id)
    WHERE code IN ('credit', 'cash_refund', 'cash_shortfall', 'cash_restored');
CREATE INDEX transfers_of_cash_by_cause ON transfers (right(cause_id, 32))
    WHERE code IN ('credit', 'cash_refund', 'cash_shortfall', 'cash_restored');
CREATE INDEX orders_by_payment_time ON orders (paid_at) WHERE paid_at IS NOT NULL;
-- What is written on a bank transfer: the end of the order's number.
CREATE INDEX orders_by_reference ON orders (right(order_id::text, 12)) WHERE provider_kind = 'bank';
CREATE INDEX codes_by_redemption ON codes (redeemed_at) WHERE redeemed_at IS NOT NULL;
CREATE INDEX payments_by_number ON payments (number_hash);
CREATE INDEX order_refunds_by_number_alone ON order_refunds (number_hash) WHERE number_hash IS NOT NULL;
CREATE INDEX order_refunds_by_time ON order_refunds (created_at);
CREATE INDEX order_refunds_by_end ON order_refunds (ended_at) WHERE ended_at IS NOT NULL;
