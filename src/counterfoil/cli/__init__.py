"""The command line: parses, calls one use case, and shows its answer to a person or a program."""
