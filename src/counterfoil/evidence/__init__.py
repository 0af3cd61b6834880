"""Explaining a question from what is on record: read only."""
