"""Proving a generated test: run again under other circumstances, and made smaller while it does the same as the recording."""
