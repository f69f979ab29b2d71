"""Checks of rationales that a judge makes: what it is shown, and what its answers come to."""

from __future__ import annotations

from prefdata.rationales.judged.asking import Judge
from prefdata.rationales.judged.run import (
    MODEL_CHECKS,
    VOUCHING,
    JudgeLimits,
    ModelCheck,
    has_failed,
    run_model_checks,
)
from prefdata.rationales.judged.stance import FAVOURS

__all__ = [
    "FAVOURS",
    "MODEL_CHECKS",
    "VOUCHING",
    "Judge",
    "JudgeLimits",
    "ModelCheck",
    "has_failed",
    "run_model_checks",
]
