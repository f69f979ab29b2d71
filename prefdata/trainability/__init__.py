"""What a trainer's tokenizer and its longest text leave of a pair."""

from __future__ import annotations

from prefdata.trainability.audit import Auditor
from prefdata.trainability.flags import FATAL, FLAGS

__all__ = ["FATAL", "FLAGS", "Auditor"]
