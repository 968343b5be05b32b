"""The request itself: what came in, what went out, and what Django made of it in between."""
