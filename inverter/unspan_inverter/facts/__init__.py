"""What must hold before a request and what holds after it. Made from events and the project's description; knows nothing of tests."""

from unspan_inverter.facts.gathering import facts
from unspan_inverter.facts.journeys import journey
from unspan_inverter.facts.kinds import Decoy, Facts, Key, Linked, Loose, Made, RowBorn, RowChanged, RowExists, RowGone

__all__ = ["Decoy", "Facts", "Key", "Linked", "Loose", "Made", "RowBorn", "RowChanged", "RowExists", "RowGone", "facts", "journey"]
