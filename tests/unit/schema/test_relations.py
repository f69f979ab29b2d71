from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.schema import broken_references, conform, table_schema
from prefdata.schema.relations import BROKEN_REFERENCE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefdata.schema import TableSchema

_JUDGMENTS = pl.DataFrame(
    {
        "judgment_id": ["j1", "j2"],
        "prompt_id": ["p1", "p1"],
        "source": ["s", "s"],
        "annotator_id": ["a1", "a2"],
        "aspect": ["overall", "overall"],
        "protocol": ["pairwise", "pairwise"],
        "response_ids": [["r1", "r2"], ["r1", None, "r9", "r8"]],
        "is_order_known": [True, True],
    }
)


def test_references_to_nothing_are_named_with_their_row() -> None:
    schema = table_schema("judgments")
    frames = {
        "judgments": conform(_JUDGMENTS, schema),
        "prompts": pl.DataFrame({"prompt_id": ["p1"]}),
        "annotators": pl.DataFrame({"annotator_id": ["a1"]}),
        "responses": pl.DataFrame({"response_id": ["r1", "r2"]}),
    }
    broken = broken_references(schema, frames)
    assert dict(broken.schema) == BROKEN_REFERENCE_COLUMNS
    assert broken.rows() == [
        ("judgments", "j2", "annotator_id", "annotators.annotator_id", "a2"),
        ("judgments", "j2", "response_ids", "responses.response_id", "r9"),
        ("judgments", "j2", "response_ids", "responses.response_id", "r8"),
    ]


def test_a_table_that_is_not_there_has_no_rows() -> None:
    schema = table_schema("judgments")
    broken = broken_references(schema, {"judgments": conform(_JUDGMENTS, schema)})
    assert broken["field"].value_counts(sort=True).rows() == [
        ("response_ids", 5),
        ("prompt_id", 2),
        ("annotator_id", 2),
    ]


def test_nulls_point_nowhere_and_are_fine() -> None:
    schema = table_schema("prompts")
    prompt = {"prompt_id": "p", "source": "s", "turn": 0, "messages": [], "content_hash": "h"}
    messages = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
    frame = conform(pl.DataFrame([prompt], schema_overrides={"messages": messages}), schema)
    assert broken_references(schema, {"prompts": frame}).is_empty()


def test_a_key_of_several_columns_is_joined(votes: Callable[..., TableSchema]) -> None:
    turn = {"turn": {"type": "int32", "description": "Turn."}}
    frame = pl.DataFrame({"vote_id": ["v"], "turn": [3], "side": ["a"], "share": [None]})
    for key, shown in (["vote_id", "turn"], "v/3"), ([], None):
        schema = votes(turn, primary_key=key, references={"side": "sides.side"})
        assert broken_references(schema, {"votes": frame})["key"].to_list() == [shown]


def test_a_table_without_references_breaks_none(votes: Callable[..., TableSchema]) -> None:
    assert broken_references(votes(), {"votes": pl.DataFrame()}).is_empty()
