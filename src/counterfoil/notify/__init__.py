"""Telling people: what happened goes from the outbox to those who want to hear it, once, with retries and a log."""
