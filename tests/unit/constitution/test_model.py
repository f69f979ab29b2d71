"""A constitution finds its principles among those that were voted on."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from prefdata.constitution.document import Document
from prefdata.constitution.model import WEIGHED, constitution_of, placed
from prefdata.constitution.names import principle_id
from prefdata.core.errors import DataError
from prefdata.schema import polars_schema, table_schema

__all__: list[str] = []

_SHORT = "Select the response that is shorter."
_LONG = "Select the response that is longer."
_KIND = "Select the response that is kinder."


def _principles(*rows: dict[str, Any]) -> pl.DataFrame:
    types = polars_schema(table_schema("principles"))
    filled = [{"source": "s", "stage": "factors", "origin": "catalogue"} | row for row in rows]
    frame = pl.DataFrame(filled, schema=types)
    return frame.with_columns(principle_id(frame["sentence"]))


def _voted() -> pl.DataFrame:
    return _principles(
        {"position": 0, "sentence": _LONG, "opposite": _SHORT, "name": "length"},
        {"position": 1, "sentence": _KIND, "name": "kind"},
    )


def _written(*items: Any) -> Document:
    return Document.model_validate({"principles": list(items)})


def test_rows_of_a_step_keep_rank_weight_and_end() -> None:
    ids = principle_id(pl.Series([_LONG, _KIND]))
    rows = pl.DataFrame(
        {
            "rank": [2, 1],
            "principle_id": ids,
            "is_opposite": [True, False],
            "sentence": [_SHORT, _KIND],
            "weight": [0.5, 0.25],
        }
    )
    found = constitution_of(rows)
    assert found.principles.schema == WEIGHED
    assert placed(found, _voted()).rows() == [
        (_KIND, "factors", 1, 0.25),
        (_SHORT, "factors", 0, -0.5),
    ]


def test_sentences_by_hand_have_one_vote_each_and_may_be_the_other_end() -> None:
    found = placed(constitution_of(_written(_SHORT.lower(), _KIND)), _voted())
    assert found.select("position", "odds").rows() == [(0, -1.0), (1, 1.0)]


def test_a_factor_is_found_by_its_name() -> None:
    said = {"sentence": "Select the one with more to read.", "name": "length", "weight": 0.3}
    found = placed(constitution_of(_written(said)), _voted())
    assert found.select("position", "odds").rows() == [(0, 0.3)]
    alone = placed(constitution_of(_written("length", _KIND)), _voted())
    assert alone.select("position", "odds").rows() == [(0, 1.0), (1, 1.0)]


def test_the_votes_of_the_first_step_count() -> None:
    second = _voted().with_columns(stage=pl.lit("vote-principles"), position=pl.lit(7, pl.Int32))
    found = placed(constitution_of(_written(_KIND)), pl.concat([_voted(), second]))
    assert found.select("voting", "position").rows() == [("factors", 1)]


def test_a_principle_that_nobody_voted_on_is_refused() -> None:
    with pytest.raises(DataError, match="1 of 2 principles of the constitution"):
        placed(constitution_of(_written(_KIND, "Select the response that rhymes.")), _voted())


def test_another_weight_is_another_judge() -> None:
    names = {
        constitution_of(_written({"sentence": _KIND, "weight": weight})).name
        for weight in (0.5, 1.0, None)
    }
    assert len(names) == 2  # None is a weight of 1.
