"""Checks of rationales that need no model: what is wrong with a text as a text.

Each check gives a value, and passes, fails or abstains; none of them judges whether the reasons are
good ones.
"""

from prefdata.rationales.checks.aspects import aspect_tags
from prefdata.rationales.checks.limits import CHECK_NAMES, CHECKED, Limits
from prefdata.rationales.checks.run import run_checks

__all__ = ["CHECKED", "CHECK_NAMES", "Limits", "aspect_tags", "run_checks"]
