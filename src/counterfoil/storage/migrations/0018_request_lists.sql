-- Lists of refusals in an account that has millions of other requests. Nothing is held for a refusal, and what was held
-- never changes: served calls write nothing here, neither when they begin nor when they end.
CREATE INDEX requests_not_held ON requests (account_id, request_id) WHERE held_nanos = 0;
