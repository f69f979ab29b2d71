from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prefdata.schema import TableSchema

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []

_MINIMAL: dict[str, Any] = {
    "table": "votes",
    "version": 1,
    "kind": "derived",
    "grain": "one vote",
    "description": "Votes.",
    "primary_key": ["vote_id"],
    "columns": {
        "vote_id": {"type": "string", "description": "Key."},
        "side": {"type": "string", "nullable": True, "enum": ["a", "b"], "description": "Side."},
        "share": {"type": "float64", "nullable": True, "min": 0, "max": 1, "description": "Share."},
    },
}


@pytest.fixture
def votes() -> Callable[..., TableSchema]:
    """Make a small contract; keyword arguments replace its parts, ``columns`` adds to them."""

    def make(columns: dict[str, Any] | None = None, **parts: object) -> TableSchema:
        merged = {**_MINIMAL["columns"], **(columns or {})}
        kept = {name: column for name, column in merged.items() if column is not None}
        return TableSchema.model_validate({**_MINIMAL, **parts, "columns": kept})

    return make
