"""Runs in the user's process: records what a Django application does for one request. Never raises into it, never changes a result."""

import os

if os.environ.get("UNSPAN_FAULTS"):  # a test's: here, because it has to come before every other module
    from unspan_instrumentation import faults

    faults.install()
