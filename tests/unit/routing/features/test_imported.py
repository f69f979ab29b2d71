"""Features that came with the data."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.routing.features.imported import IMPORTED, canonical_value, imported_features
from prefdata.routing.features.names import DIMENSIONS, TEXT_FEATURES

__all__: list[str] = []

_ROW: dict[str, Any] = {
    "bertscore": 0.71,
    "bertscore_length": 0.12,
    "cosine_sim": 0.44,
    "entity_sim": 1,
    "rouge": 0.25,
    "len_longer": 9,
    "len_shorter": 3,
    "prompt_len": 8,
    "token_len_diff": 6,
    "subject_of_expertise": ["Geography", "Journalism, media studies and communication"],
    "expertise_level": "General Public",
    "languages": "English, French",
    "open_endedness": "no",
    "safety_concern": None,
    "complexity_of_intents": "simple",
    "type_of_in_context_material": [],
    "format_constraints": ["json"],
}


def _found(*raws: str | None) -> list[dict[str, Any]]:
    ids = [f"p{i}" for i in range(len(raws))]
    frame = pl.DataFrame({"prompt_id": ids, "raw": raws}, schema_overrides={"raw": pl.String})
    return imported_features(frame).rows(named=True)


@pytest.mark.parametrize(
    "raw",
    [_ROW, {"hyper": _ROW, "else": 1}, {"features": {"values": _ROW, "file": "f"}, "else": 1}],
)
def test_features_are_read_at_the_top_or_under_their_key(raw: dict[str, Any]) -> None:
    (row,) = _found(json.dumps(raw))
    assert {name: row[name] for name in TEXT_FEATURES} == {
        name: pytest.approx(_ROW[name]) for name in TEXT_FEATURES
    }
    assert row["subject_of_expertise"] == [
        "Geography",
        "Journalism",
        "Media studies and communication",
    ]
    assert row["languages"] == ["English", "French"]
    assert row["expertise_level"] == ["general public"]
    assert row["safety_concern"] is None
    assert row["type_of_in_context_material"] == []
    assert (row["has_texts"], row["has_tags"], row["n_odd"]) == (True, True, 0)


def test_other_rows_are_left_alone() -> None:
    odd = json.dumps({"rouge": 0.3, "languages": ["en"]})
    assert _found(None, "[1]", '{"rouge": 1}', '{"a": 2}', odd, '["rouge"]') == []


def test_values_that_cannot_be_are_counted_and_unknown() -> None:
    odd = {**_ROW, "rouge": 1.5, "entity_sim": "much", "prompt_len": -1, "open_endedness": "wide"}
    (row,) = _found(json.dumps(odd))
    assert (row["rouge"], row["entity_sim"], row["prompt_len"]) == (None, None, None)
    assert row["open_endedness"] == ["wide"]
    assert row["n_odd"] == 4


def test_a_string_may_be_one_value_as_a_whole() -> None:
    assert canonical_value("subject_of_expertise", " computer  SCIENCES ") == ("Computer sciences",)
    joined = {**_ROW, "subject_of_expertise": "Journalism, media studies and communication"}
    (row,) = _found(json.dumps(joined))
    assert row["subject_of_expertise"] == ["Journalism", "Media studies and communication"]


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@settings(max_examples=30)
@given(st.dictionaries(st.sampled_from([*TEXT_FEATURES, *DIMENSIONS]), _ANY, min_size=5))
def test_whatever_a_file_holds_the_columns_are_of_their_types(raw: dict[str, Any]) -> None:
    frame = pl.DataFrame({"prompt_id": ["p"], "raw": [json.dumps(raw)]})
    found = imported_features(frame)
    assert found.schema == pl.Schema(IMPORTED)
    assert found.height == (not {"rouge", "safety_concern"}.isdisjoint(raw))
