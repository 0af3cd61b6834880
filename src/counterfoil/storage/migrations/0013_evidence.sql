-- What questions about money read: sparse indexes, so that calls do not pay for them.

-- Copies and retries that have held money. Nothing named here changes after a request was written down.
CREATE INDEX requests_sent_again ON requests (account_id, request_id)
    WHERE held_nanos > 0 AND (verdict <> 'original' OR retry_count > 0);
-- What moved an account's money besides charges, by time: credits, refunds, expired credit, adjustments.
CREATE INDEX transfers_besides_charges ON transfers (account_id, created_at) WHERE code NOT IN ('charge', 'overage');
-- Grants that were frozen, released or ended by somebody, and cash that went back.
CREATE INDEX operations_on_grants ON operations (account_id, event_no)
    WHERE split_part(operation_key, ':', 1) IN ('freeze', 'unfreeze', 'end_grant', 'refund_cash', 'restore_cash');
-- Grants that expired in a time.
CREATE INDEX grants_by_expiry ON grants (account_id, expires_at) WHERE expires_at IS NOT NULL;
-- Notices that were not believed, and so are about no order; keys by their masks, accounts by their names: none of these
-- is written by a call.
CREATE INDEX notices_not_believed ON notices (provider, last_at) WHERE NOT accepted AND order_id IS NULL;
CREATE INDEX api_keys_by_mask ON api_keys (mask);
CREATE INDEX accounts_by_name ON accounts (name);
