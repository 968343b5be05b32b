"""Tests of the collector: real processes, real sockets, real exporters, a real disk."""
