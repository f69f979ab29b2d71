"""Independent readers of what exporters write, one module for each trainer.

They are written from the documentation and the public source of each trainer, which their
docstrings name, and are not its code. Each refuses, by ValueError with the row and the rule, what
its trainer refuses, and what its trainer would take and misread. A module names its formats in
``CASES``; `cases` finds them, so a new file is in all tests of formats by itself.
"""

from __future__ import annotations

import importlib
import pkgutil

from prefdata.testing.trainers._check import assert_reads_back
from prefdata.testing.trainers._rows import (
    Case,
    Message,
    Messages,
    Read,
    Reader,
    Row,
    messages,
    rows_in,
    rows_of,
    said,
    split_of,
)

__all__ = [
    "Case",
    "Message",
    "Messages",
    "Read",
    "Reader",
    "Row",
    "assert_reads_back",
    "cases",
    "messages",
    "rows_in",
    "rows_of",
    "said",
    "split_of",
]


def cases() -> list[Case]:
    """Return all formats and variants that have a reader, in order of their names."""
    found: list[Case] = []
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            found += importlib.import_module(f"{__name__}.{module.name}").CASES
    return sorted(found, key=lambda case: (case.exporter, case.variant))
