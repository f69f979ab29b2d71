"""Hold a snapshot against its contracts and the published facts of its sources.

The expectations are made from ``schemas/`` and from the cards in ``catalog/sources/``; Great
Expectations evaluates them and writes its Data Docs, which are made to work without a network.
"""

from __future__ import annotations

from prefdata.quality.results import CheckResult, Validation
from prefdata.quality.validate import validate

__all__ = ["CheckResult", "Validation", "validate"]
