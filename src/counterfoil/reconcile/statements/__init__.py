"""Statements: what payment channels and upstreams say happened, read from the files that they really send."""
