"""Keys are compared as hashes, over all bundles of an ingest."""

from __future__ import annotations

import polars as pl
import pytest

from prefdata.core.errors import DataError, RelationError
from prefdata.runner.integrity import Integrity, screen
from prefdata.tables.bundle import Bundle
from prefdata.testing.rows import prompt_rows


def test_keys_may_not_repeat_across_bundles() -> None:
    integrity = Integrity("s")
    for _ in range(2):
        integrity.add({"prompts": prompt_rows("s", 2)})
    with pytest.raises(DataError, match="2 keys to prompts"):
        integrity.finish()


def test_references_may_point_into_other_bundles_but_not_nowhere() -> None:
    conversation = pl.DataFrame({"conversation_id": ["s:c"]})
    asking = prompt_rows("s", 2).with_columns(conversation_id=pl.lit("s:c"))
    whole = Integrity("s")
    whole.add({"prompts": asking})
    whole.add({"conversations": conversation.with_columns(annotator_id=pl.lit(None, pl.String))})
    whole.finish()
    broken = Integrity("s")
    broken.add({"prompts": asking})
    with pytest.raises(RelationError, match="1 values of prompts"):
        broken.finish()


def test_a_broken_row_that_names_no_raw_row_is_a_fault_of_the_adapter() -> None:
    rows = prompt_rows("s", 1).with_columns(turn=pl.lit(-1, pl.Int32))
    with pytest.raises(DataError, match="break its rules"):
        screen(Bundle(file="f", rows_in=1, tables={"prompts": rows}))
