-- Which process does a piece of background work now; a lease that is not renewed ends by itself.
CREATE TABLE leases (
    name text PRIMARY KEY,
    holder uuid NOT NULL,
    expires_at bigint NOT NULL,
    note jsonb NOT NULL DEFAULT '{}'
);
