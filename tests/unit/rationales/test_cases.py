"""Pairs with their texts."""

from __future__ import annotations

import polars as pl

from prefdata.rationales.cases import CASE, read_cases

__all__: list[str] = []

_GERMAN = "Wie kann ich am schnellsten von Berlin nach München fahren, ohne viel Geld auszugeben?"


def _said(*turns: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": turn} for turn in turns]


def _tables() -> dict[str, pl.LazyFrame]:
    prompts = pl.LazyFrame(
        {
            "prompt_id": ["p1", "p2", "p3"],
            "language": ["pt-BR", None, None],
            "system": ["Be brief.", None, None],
            "messages": [_said("Olá"), _said("Hello", _GERMAN), _said("?")],
        },
        schema_overrides={"system": pl.String, "language": pl.String},
    )
    names = [f"{p}/{r}" for p in ("p1", "p2", "p3") for r in "ab"]
    responses = pl.LazyFrame({"response_id": names, "text": [f"text of {name}" for name in names]})
    pairs = pl.LazyFrame(
        {
            "pair_id": ["n2", "n1", "n3", "n1"],
            "source": ["toy"] * 4,
            "prompt_id": ["p2", "p1", "p3", "p1"],
            "chosen_id": ["p2/b", "p1/a", "p3/a", "p1/b"],
            "rejected_id": ["p2/a", "p1/b", "p3/b", "p1/a"],
            "annotator_id": ["me", None, None, None],
            "aspect": ["overall"] * 4,
            "stage": ["make-pairs"] * 3 + ["other"],
        }
    )
    return {"pairs": pairs, "prompts": prompts, "responses": responses}


def test_cases_are_the_pairs_of_a_step_with_their_texts() -> None:
    cases = read_cases(_tables(), "make-pairs")
    assert cases.schema == pl.Schema(CASE)
    assert cases["pair_id"].to_list() == ["n1", "n2", "n3"]
    assert cases["chosen_text"].to_list() == ["text of p1/a", "text of p2/b", "text of p3/a"]
    assert cases["rejected_text"].to_list() == ["text of p1/b", "text of p2/a", "text of p3/b"]


def test_the_system_prompt_comes_first() -> None:
    first = read_cases(_tables(), "make-pairs")["messages"].to_list()[0]
    assert [m["role"] for m in first] == ["system", "user"]


def test_the_language_is_that_of_the_source_or_of_the_last_message() -> None:
    assert read_cases(_tables(), "make-pairs")["language"].to_list() == ["pt", "de", None]


def test_only_those_that_are_wanted_are_read() -> None:
    wanted = pl.Series(["n3", "n1", "n1", "unknown"])
    assert read_cases(_tables(), "make-pairs", wanted)["pair_id"].to_list() == ["n1", "n3"]
    nothing = pl.Series([], dtype=pl.String)
    assert read_cases(_tables(), "make-pairs", nothing).is_empty()
