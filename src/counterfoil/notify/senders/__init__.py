"""Ways of sending a message: signed webhooks, and everything that Apprise knows."""
