-- What a closed day's archive reads by time. Block ranges cost a call next to nothing, and find a day among years since
-- rows are written in the order of their times.
CREATE INDEX hold_ends_by_day ON hold_ends USING brin (created_at);
CREATE INDEX transfers_by_day ON transfers USING brin (created_at);
CREATE INDEX requests_by_day ON requests USING brin (decided_at);
