"""What the test will do: decided here as data, rendered elsewhere."""

from unspan_inverter.plan.acting import Recorded
from unspan_inverter.plan.ending import asked as asked_for
from unspan_inverter.plan.expressions import Plan
from unspan_inverter.plan.habits import NONE, Habits
from unspan_inverter.plan.journeys import journey
from unspan_inverter.plan.writing import http_request

__all__ = ["NONE", "Habits", "Plan", "Recorded", "asked_for", "http_request", "journey"]
