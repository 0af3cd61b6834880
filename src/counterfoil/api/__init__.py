"""The management API under `/manage/v1`: parses, calls one use case, and answers in JSON."""
