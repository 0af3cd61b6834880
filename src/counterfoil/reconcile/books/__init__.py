"""Books: our own records and the statements' lines, as tables that the engines read."""
