"""Labels of comparisons, from pairs."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest

from prefdata.constitution.labels import COMPARED, LABEL, read_comparisons, read_labelled
from prefdata.schema import polars_schema, table_schema

__all__: list[str] = []

_TEXTS = {"x": "one two three", "y": "one", "z": ""}


def _tables(*pairs: dict[str, Any]) -> dict[str, pl.LazyFrame]:
    """Make tables of pairs, whose prompts all begin with the same words but for their case."""
    types = {name: polars_schema(table_schema(name)) for name in ("pairs", "prompts", "responses")}
    common = {"source": "s", "aspect": "overall", "rule": "choice", "stage": "made"}
    made = [
        common | {"pair_id": str(n), "prompt_id": "s:1", "judgment_id": f"j{n}"} | pair
        for n, pair in enumerate(pairs)
    ]
    prompts = [
        {
            "prompt_id": f"s:{n}",
            "source": "s",
            "subset": f"set-{n}",
            "content_hash": f"h{n}",
            "messages": [
                {"role": "user", "content": opening},
                {"role": "assistant", "content": "Yes."},
                {"role": "user", "content": f"And {n}?"},
            ],
        }
        for n, opening in ((1, "May  I?"), (2, "may i?"), (3, "Why?"))
    ]
    responses = [{"response_id": key, "text": text} for key, text in _TEXTS.items()]
    people = {"annotator_id": ["s:ann", "s:gpt"], "kind": ["human", "model"]}
    return {
        "pairs": pl.LazyFrame(made, schema=types["pairs"]),
        "annotators": pl.LazyFrame(people),
        "prompts": pl.LazyFrame(prompts, schema=types["prompts"]),
        "responses": pl.LazyFrame(responses, schema=types["responses"]),
    }


def _pair(chosen: str, rejected: str, annotator: str | None = "s:ann", **more: Any) -> Any:
    return {"chosen_id": chosen, "rejected_id": rejected, "annotator_id": annotator} | more


def test_a_label_is_signed_by_whom_was_chosen_and_a_tie_is_nought() -> None:
    tables = _tables(
        _pair("x", "y"),
        _pair("y", "x", "s:gpt"),
        _pair("x", "z"),
        _pair("z", "x", judgment_id="j2"),
    )
    found = read_labelled(tables, ["made"])
    assert found.comparisons.schema == pl.Schema(COMPARED)
    assert found.labels.schema == pl.Schema(LABEL)
    assert found.n_ties == 1
    (compared,) = found.comparisons.filter(pl.col("response_a_id").is_in(["x", "y"])).filter(
        pl.col("response_b_id").is_in(["x", "y"])
    )["comparison_id"]
    at = found.comparisons["comparison_id"].to_list().index(compared)
    is_x_a = found.comparisons["response_a_id"][at] == "x"
    labels = {row["kind"]: row["y"] for row in found.labels.filter(at=at).iter_rows(named=True)}
    assert labels == {"human": 1 if is_x_a else -1, "model": -1 if is_x_a else 1}


def test_aggregates_are_labels_of_nobody_and_lean_as_their_votes_if_asked() -> None:
    pair = _pair("x", "y", None, margin=0.5, margin_unit="share of votes", n_votes=4)
    assert read_labelled(_tables(pair), ["made"]).labels["y"].abs().to_list() == [1.0]
    graded = read_labelled(_tables(pair), ["made"], is_graded=True).labels
    assert graded["y"].abs().to_list() == [0.5]
    assert graded["annotator_id"].to_list() == [None]


def test_a_margin_in_points_is_no_lean() -> None:
    pair = _pair("x", "y", margin=30.0, margin_unit="points")
    graded = read_labelled(_tables(pair), ["made"], is_graded=True)
    assert graded.labels["y"].abs().to_list() == [1.0]


def test_prompts_that_open_with_the_same_words_are_known_as_one() -> None:
    pairs = [_pair("x", "y", prompt_id=f"s:{n}") for n in (1, 2, 3)]
    found = read_labelled(_tables(*pairs), ["made"]).comparisons
    opening = dict(found.select("prompt_id", "opening").iter_rows())
    assert opening["s:1"] == opening["s:2"] != opening["s:3"]
    assert set(found["subset"]) == {"set-1", "set-2", "set-3"}


def test_length_compares_the_words_of_both() -> None:
    found = read_labelled(_tables(_pair("x", "z")), ["made"]).comparisons
    sign = 1 if found["response_a_id"][0] == "x" else -1
    assert found["length"].to_list() == [pytest.approx(sign * math.log(4))]


def test_steps_that_are_not_named_are_not_read() -> None:
    tables = _tables(_pair("x", "y"), _pair("x", "z", stage="other"))
    assert read_comparisons(tables, ["other"]).height == 1
    assert read_labelled(tables, ["none"]).labels.is_empty()
