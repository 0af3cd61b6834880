"""Money that comes in: orders, payment providers and their notices, refunds, disputes, redemption codes."""
