"""Turns a trace into a test: trace → events → facts → plan → code."""
