"""Payment providers, each behind the same port (`port.py`)."""
