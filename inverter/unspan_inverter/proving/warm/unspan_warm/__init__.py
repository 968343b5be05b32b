"""In the process of the project's own test runner: Django and the standard library only; nothing of ours is installed there."""
