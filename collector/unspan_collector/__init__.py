"""Receives OTLP, keeps traces, serves the read API."""
