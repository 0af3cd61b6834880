"""Reconciliation: every line of every statement matched with our own records, or an open break with an owner."""
