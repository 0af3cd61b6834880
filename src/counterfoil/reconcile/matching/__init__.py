"""Matching: rules as data, what they mean in plain Python, and the same as queries for an engine."""
