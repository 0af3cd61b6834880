-- What readers say of an article, by day (since 1970-01-01 in UTC): a count, and nothing about who said it.
CREATE TABLE article_votes (
    day bigint NOT NULL,
    slug text NOT NULL CHECK (length(slug) BETWEEN 1 AND 120),
    language text NOT NULL CHECK (language IN ('zh', 'en')),
    verdict text NOT NULL CHECK (verdict IN ('yes', 'no')),
    count bigint NOT NULL CHECK (count > 0),
    PRIMARY KEY (day, slug, language, verdict)
) WITH (fillfactor = 70);
CREATE INDEX article_votes_by_slug ON article_votes (slug, day);
REVOKE DELETE, TRUNCATE ON article_votes FROM counterfoil_runtime;

-- Articles that are being written: both languages as whole files (front matter, then Markdown), as they were saved last.
CREATE TABLE article_drafts (
    draft_id uuid PRIMARY KEY,
    slug text NOT NULL CHECK (length(slug) BETWEEN 1 AND 120),
    state text NOT NULL CHECK (state IN ('writing', 'ready', 'published', 'discarded')),
    origin text NOT NULL CHECK (origin IN ('scratch', 'article', 'case', 'revision')),
    zh text NOT NULL CHECK (length(zh) <= 60000),
    en text NOT NULL CHECK (length(en) <= 60000),
    reason text NOT NULL CHECK (length(reason) <= 500),
    source_question text NOT NULL CHECK (length(source_question) <= 500),
    -- What a resolved case has left of itself without its facts; read by whoever writes, and never published.
    notes text NOT NULL CHECK (length(notes) <= 8000),
    -- Everybody who has written in it: none of them approves it where two people are asked for.
    authors text[] NOT NULL CHECK (cardinality(authors) BETWEEN 1 AND 100),
    -- The revision that it was begun on; 0 where the article was the package's, or none.
    based_on bigint NOT NULL CHECK (based_on >= 0),
    -- How often it was saved: an approval is of one text.
    version bigint NOT NULL CHECK (version >= 1),
    created_at bigint NOT NULL,
    changed_at bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX article_drafts_open ON article_drafts (changed_at) WHERE state IN ('writing', 'ready');
CREATE INDEX article_drafts_by_slug ON article_drafts (slug, draft_id);
REVOKE DELETE, TRUNCATE ON article_drafts FROM counterfoil_runtime;

-- What was published, the first to the last. Rows are only ever added: going back is another one.
CREATE TABLE article_revisions (
    slug text NOT NULL CHECK (length(slug) BETWEEN 1 AND 120),
    revision_no bigint NOT NULL CHECK (revision_no >= 1),
    draft_id uuid NOT NULL UNIQUE REFERENCES article_drafts (draft_id),
    published_at bigint NOT NULL,
    zh text NOT NULL CHECK (length(zh) BETWEEN 1 AND 60000),
    en text NOT NULL CHECK (length(en) BETWEEN 1 AND 60000),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    source_question text NOT NULL CHECK (length(source_question) BETWEEN 1 AND 500),
    authors text[] NOT NULL CHECK (cardinality(authors) >= 1),
    approved_by text NOT NULL CHECK (length(approved_by) BETWEEN 1 AND 254),
    policy text NOT NULL CHECK (policy IN ('two_people', 'single_with_reason')),
    PRIMARY KEY (slug, revision_no)
);
-- Whether there is a new one is asked for often.
CREATE INDEX article_revisions_by_time ON article_revisions (published_at);
REVOKE UPDATE, DELETE, TRUNCATE ON article_revisions FROM counterfoil_runtime;

-- What whoever approves has written down of a draft, each time, and where that was something else than the draft says.
CREATE TABLE article_statements (
    draft_id uuid NOT NULL REFERENCES article_drafts (draft_id),
    statement_no bigint NOT NULL CHECK (statement_no >= 1),
    version bigint NOT NULL CHECK (version >= 1),
    by_name text NOT NULL CHECK (length(by_name) BETWEEN 1 AND 254),
    at bigint NOT NULL,
    statement jsonb NOT NULL,
    differs jsonb NOT NULL,
    reason text CHECK (length(reason) BETWEEN 1 AND 500),
    PRIMARY KEY (draft_id, statement_no)
);
REVOKE UPDATE, DELETE, TRUNCATE ON article_statements FROM counterfoil_runtime;
