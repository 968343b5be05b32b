"""A trace as a person reads it in a terminal, and as JSON. Everything in a trace is hostile: only escaped, bounded text leaves here."""
