"""The contract between the three parts of unspan: names, values, spans, the project's description, the read API.

Imports nothing of ours; instrumentation, collector and inverter meet here and on the wire only.
"""

FORMAT = 1
"""Version of everything a trace holds. Readers accept this and older ones, and refuse newer ones by name."""
