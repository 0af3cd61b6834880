"""Texts with secrets and texts that only look so, for measuring redaction. Every secret is made from a seed, none is real."""
