"""Every adapter keeps the contract; a new file in `prefdata/sources` is tested by itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.registry import names, plugin
from prefdata.testing.contracts import assert_source_contract, assert_survives_mutations

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.protocols import Params, Source

# More before a release: PREFDATA_MUTATED_ROWS=2000.
_ROWS = int(os.environ.get("PREFDATA_MUTATED_ROWS", "100"))


def _params(source: Source, folder: Path) -> Params:
    """Return parameters for the example; an adapter that needs some ships them as a file."""
    values: dict[str, Any] = {"name": "example"} if source.is_generic else {}
    if "mapping" in source.params.model_fields:
        mapping = folder / "mapping.yaml"
        mapping.write_bytes(source.example["mapping.yaml"])
        values["mapping"] = mapping
    return source.params.model_validate(values)


@pytest.mark.parametrize("name", names("source"))
def test_source_keeps_its_contract(name: str, tmp_path: Path) -> None:
    source = plugin("source", name)
    assert source.name == name
    assert_source_contract(source, tmp_path, _params(source, tmp_path))


@pytest.mark.parametrize("name", names("source"))
def test_damaged_rows_are_rejected_and_counted(name: str, tmp_path: Path) -> None:
    source = plugin("source", name)
    fed = assert_survives_mutations(
        source, tmp_path, n_rows=_ROWS, params=_params(source, tmp_path)
    )
    assert fed >= _ROWS
