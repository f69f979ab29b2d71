"""prefdata: unify, query, clean and export preference datasets.

>>> import prefdata as pf
>>> catalog = pf.open("workspace")                        # doctest: +SKIP
>>> catalog.sql("SELECT * FROM source_overview").pl()     # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prefdata.api import (
        alike,
        close_batch,
        embed,
        export,
        hand_off,
        ingest,
        init,
        label_status,
        open,  # noqa: A004
        plan,
        price,
        publish,
        report,
        run,
        search,
        take_back,
        validate,
    )

__all__ = [
    "__version__",
    "alike",
    "close_batch",
    "embed",
    "export",
    "hand_off",
    "ingest",
    "init",
    "label_status",
    "open",
    "plan",
    "price",
    "publish",
    "report",
    "run",
    "search",
    "take_back",
    "validate",
]


def __getattr__(name: str) -> Any:
    """Load the library on first use, so that importing the package costs nothing."""
    if name == "__version__":
        from importlib.metadata import version

        return version("prefdata")
    if name in __all__:
        return getattr(importlib.import_module("prefdata.api"), name)
    message = f"module 'prefdata' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return __all__
