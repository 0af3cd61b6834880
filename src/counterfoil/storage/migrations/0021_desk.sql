-- The timeline of an account tells of calls that failed among millions that did not. A call gets a code only when it is
-- refused or fails: whatever is served writes nothing here, and its row still ends on its page.
CREATE INDEX requests_failed ON requests (account_id, request_id) WHERE code IS NOT NULL AND held_nanos > 0;

-- Who has taken on a break, by name; whose it is by its kind stays in `owner`.
ALTER TABLE reconcile_breaks ADD COLUMN assignee text CHECK (length(assignee) BETWEEN 1 AND 400);
GRANT UPDATE (assignee) ON reconcile_breaks TO counterfoil_runtime;

-- Imports that go on while nobody waits: how far they are, and what came of each document. A process that dies leaves its
-- row `running` and no longer touched.
CREATE TABLE statement_imports (
    import_id uuid PRIMARY KEY,
    name text NOT NULL CHECK (length(name) <= 400),
    source text,
    started_by text NOT NULL CHECK (length(started_by) BETWEEN 1 AND 400),
    started_at bigint NOT NULL,
    touched_at bigint NOT NULL,
    -- Of the document that is being read.
    document text,
    done bigint NOT NULL DEFAULT 0,
    total bigint NOT NULL DEFAULT 0,
    state text NOT NULL CHECK (state IN ('running', 'ended', 'failed')),
    -- Each document: its name, what came of it, its statement or the error's code.
    documents jsonb NOT NULL DEFAULT '[]',
    error text
);
