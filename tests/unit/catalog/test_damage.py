"""What went wrong is blamed on a damaged file only where there is one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from prefdata.api import ingest
from prefdata.catalog import Catalog
from prefdata.catalog.damage import blamed, damage_told
from prefdata.core.errors import ConflictError, DataError, QueryError
from prefdata.testing.disturb import flip

if TYPE_CHECKING:
    from pathlib import Path


class PanicException(BaseException):
    """What polars raises when it panics."""


def test_a_damaged_file_is_named_in_place_of_what_a_library_said(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"prompt": "2?", "chosen": "yes", "rejected": "no"}))
    catalog = Catalog.create(tmp_path / "w")
    ingest("trl", path, workspace=tmp_path / "w", params={"name": "mine"})
    state, warehouse = catalog.head().state, catalog.warehouse
    assert blamed(ValueError("odd"), warehouse, state) is None
    odd = ValueError("odd")
    with pytest.raises(ValueError, match="odd"), damage_told(warehouse, state):
        raise odd
    (file,) = catalog.files("responses")
    flip(file, 100)
    for error in (ValueError("odd"), PanicException("odd"), QueryError("odd")):
        told = blamed(error, warehouse, state)
        assert told is not None
        assert (told.where, told.exit_status) == (str(file), 3)
        assert "other bytes than were written" in told.what
    # What we raise ourselves says enough, and an interrupt is not to blame on a file.
    for other in (ConflictError("odd"), KeyboardInterrupt()):
        assert blamed(other, warehouse, state) is None
    file.unlink()
    with pytest.raises(DataError, match="is missing"), damage_told(warehouse, state):
        raise odd
