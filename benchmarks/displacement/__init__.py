"""Does CHES say which pairs displace likelihood? An experiment on two cores.

``python -m benchmarks.displacement --data FILE --to FOLDER``; docs/displacement-experiment.md says
what is done, and what came out.
"""

from __future__ import annotations

__all__: list[str] = []
