"""The outside world of the test: recorded answers for outbound HTTP, one file a client library."""

from unspan_inverter.plan.services.stubbing import stubbed

__all__ = ["stubbed"]
