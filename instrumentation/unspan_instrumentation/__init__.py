"""Runs in the user's process: records what a Django application does for one request. Never raises into it, never changes a result."""
