"""The stage that merges principles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from prefdata.constitution.labels import read_comparisons
from prefdata.constitution.names import principle_id
from prefdata.core.errors import InternalError
from prefdata.protocols import Context, EmbedderParams, Outside, VectorSet
from prefdata.schema import check, conform, polars_schema, table_schema
from prefdata.stages.merge_principles import MergePrinciples, merge_principles
from prefdata.tables.bundle import REJECT_COLUMNS
from prefdata.testing.embedders import LexicalVectors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prefdata.protocols import StageResult

__all__: list[str] = []

_N = 40
_LONGER = "Select the response that gives a longer answer with more words."
_SHORTER = "Select the response that gives a shorter answer with more words."
_LENGTHY = "Select the response that gives a lengthy answer with more words."
_KIND = "Select the response that is kind to the user."
_GIVEN = "Select the response that cites a source."
# Which vote each gives where the hidden axes, of length and of kindness, are +1 or -1.
_AXES = {_LONGER: (1, 0), _SHORTER: (-1, 0), _LENGTHY: (1, 0), _KIND: (0, 1), _GIVEN: (0, 0)}


class _Vectors(LexicalVectors):
    """Vectors of principles, and of nothing else."""

    def get(
        self, texts: pl.DataFrame, *, subject: str, view: str, model: EmbedderParams, step: str
    ) -> VectorSet:
        assert subject == "principles"
        return super().get(texts, subject=subject, view=view, model=model, step=step)


def _frame(table: str, rows: list[dict[str, Any]]) -> pl.LazyFrame:
    return pl.LazyFrame(rows, schema=polars_schema(table_schema(table)))


def _principles(sentences: Sequence[str], step: str, **more: Any) -> list[dict[str, Any]]:
    ids = principle_id(pl.Series(sentences, dtype=pl.String))
    common = {"source": "s", "origin": "model", "stage": step, "n_proposals": 1} | more
    return [
        common | {"principle_id": name, "position": place, "sentence": sentence}
        for place, (name, sentence) in enumerate(zip(ids, sentences, strict=True))
    ]


def _tables(sentences: Sequence[str] = tuple(_AXES), *, n: int = _N) -> dict[str, pl.LazyFrame]:
    """Make labels that follow kindness always and length mostly, and votes of the pilot."""
    pairs = [
        {"pair_id": f"{i}", "prompt_id": f"{i}", "chosen_id": f"x{i}", "rejected_id": f"y{i}"}
        | {"annotator_id": "s:ann", "judgment_id": f"{i}", "source": "s", "aspect": "overall"}
        | {"rule": "choice", "stage": "make-pairs"}
        for i in range(n)
    ]
    prompts = [
        {
            "prompt_id": f"{i}",
            "content_hash": f"{i}",
            "messages": [{"role": "user", "content": "?"}],
        }
        for i in range(n)
    ]
    tables = {
        "pairs": _frame("pairs", pairs),
        "prompts": _frame("prompts", prompts),
        "responses": _frame("responses", []),
        "annotators": _frame("annotators", [{"annotator_id": "s:ann", "kind": "human"}]),
    }
    votes = []
    for name, i, a in (
        read_comparisons(tables, ["make-pairs"])
        .select("comparison_id", pl.col("prompt_id").cast(pl.Int64), "response_a_id")
        .iter_rows()
    ):
        chosen = 1 if a == f"x{i}" else -1
        hidden = np.array([chosen if i % 4 else -chosen, chosen])
        of_model = [int(np.dot(_AXES.get(text, (0, 0)), hidden)) for text in sentences]
        for step, cast in (("pilot-votes", of_model), ("factors", [int(hidden[0]), 0])):
            votes.append({"comparison_id": name, "source": "s", "votes": cast, "stage": step})
    factors = _principles(["has more words", "greets"], "factors", origin="catalogue")
    for row, name in zip(factors, ("length", "greeting"), strict=True):
        row["name"] = name
    rows = [
        *_principles(sentences, "propose-principles"),
        *_principles(sentences, "pilot-votes"),
        *factors,
    ]
    return tables | {"votes": _frame("votes", votes), "principles": _frame("principles", rows)}


def _of(tables: dict[str, pl.LazyFrame], folder: Path, **params: Any) -> StageResult:
    given = {"embedder": "lexical"} | params
    context = Context(vectors=_Vectors(folder), step="merge", source="s")
    return merge_principles.run(tables, MergePrinciples.model_validate(given), context)


def _checked(result: StageResult) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return principles and members after comparing them with contracts and the ledger."""
    n_rejected = 0 if result.rejects is None else result.rejects.height
    assert result.rows_in == result.rows_out + n_rejected
    frames = []
    for table in ("principles", "principle_members"):
        contract = table_schema(table)
        frame = conform(result.tables[table], contract)
        assert check(frame, contract).rejects.is_empty()
        assert not frame.select(contract.primary_key).is_duplicated().any()
        frames.append(frame)
    principles, members = frames
    assert principles["position"].to_list() == list(range(principles.height))
    assert members.height == result.rows_in
    is_left = members["representative_id"].is_in(principles["principle_id"].implode())
    assert is_left.sum() == result.rows_out
    heads = members.filter(relation="representative")
    assert (heads["principle_id"] == heads["representative_id"]).all()
    assert set(members["representative_id"]) == set(heads["principle_id"])
    return principles, members


def test_synonyms_are_one_and_antonyms_are_its_other_end(tmp_path: Path) -> None:
    principles, members = _checked(_of(_tables(), tmp_path))
    assert principles.height == 3
    assert principles["sentence"][0] == _KIND  # agrees with every label
    (length,) = principles.filter(pl.col("opposite").is_not_null()).iter_rows(named=True)
    assert {length["sentence"], length["opposite"]} <= {_LONGER, _SHORTER, _LENGTHY}
    assert length["n_proposals"] == 3
    assert length["nearest_factor"] == "length"
    assert abs(length["nearest_correlation"]) == pytest.approx(1)
    assert length["terms"]
    assert members["relation"].value_counts().sort("relation").rows() == [
        ("opposite", 1 if length["sentence"] != _SHORTER else 2),
        ("representative", 3),
        ("same", 1 if length["sentence"] != _SHORTER else 0),
    ]
    never = principles.filter(sentence=_GIVEN)
    assert never["nearest_factor"].to_list() == [None]


def test_without_a_pilot_only_the_same_words_are_merged(tmp_path: Path) -> None:
    sentences = (*_AXES, "Choose the response that is kind to the user!")
    result = _of(_tables(sentences), tmp_path, votes=None)
    principles, members = _checked(result)
    assert principles.height == 5
    assert members.filter(relation="same").height == 1
    assert any(note.startswith("WARNING") for note in result.notes)
    # A step that wrote no votes tells as little.
    other = _of(_tables(sentences) | {"votes": _frame("votes", [])}, tmp_path)
    assert _checked(other)[0].height == 5
    assert any("no votes of pilot-votes" in note for note in other.notes)


def test_too_few_comparisons_decide_nothing(tmp_path: Path) -> None:
    result = _of(_tables(n=9), tmp_path)
    assert _checked(result)[0].height == 5
    assert any("fewer than 10 comparisons" in note for note in result.notes)
    assert _checked(_of(_tables(n=9), tmp_path, min_compared=9))[0].height == 3


def test_the_weakest_are_beyond_the_limit_and_are_counted(tmp_path: Path) -> None:
    result = _of(_tables(), tmp_path, max_principles=1)
    principles, _ = _checked(result)
    assert principles["sentence"].to_list() == [_KIND]
    assert result.rejects is not None
    assert set(result.rejects.columns) == set(REJECT_COLUMNS)
    assert set(result.rejects["rule"]) == {"over-the-limit"}
    assert set(result.rejects["raw"]) == set(_AXES) - {_KIND}


def test_what_the_user_gave_stays_first(tmp_path: Path) -> None:
    tables = _tables()
    given = _principles([_GIVEN], "given", origin="given", n_proposals=None)
    rows = pl.concat([tables["principles"], _frame("principles", given)])
    result = _of(
        tables | {"principles": rows},
        tmp_path,
        steps=["given", "propose-principles"],
        max_principles=1,
    )
    principles, _ = _checked(result)
    assert principles.select("sentence", "origin", "n_proposals").rows() == [(_GIVEN, "given", 1)]


def test_without_principles_nothing_is_written_and_that_is_said(tmp_path: Path) -> None:
    result = _of(_tables(()), tmp_path)
    assert all(frame.is_empty() for frame in result.tables.values())
    assert (result.rows_in, result.rows_out) == (0, 0)
    assert result.notes == ("nothing is merged: there are no principles of propose-principles",)


def test_one_principle_and_words_that_say_nothing_are_kept(tmp_path: Path) -> None:
    principles, members = _checked(_of(_tables((_KIND,)), tmp_path))
    assert principles["theme"].to_list() == ["is kind to the user"]
    assert members["cluster"].to_list() == [0]
    assert _checked(_of(_tables(("?!", "…")), tmp_path))[0].height == 2
    assert _checked(_of(_tables((" ",)), tmp_path))[0].height == 1


def test_votes_that_contradict_each_other_are_told_of(tmp_path: Path) -> None:
    tables = _tables()
    # The second votes like the first and the third, which do not vote like each other.
    cast = tables["votes"].collect().with_row_index()
    of_model = pl.col("stage") == "pilot-votes"
    place = pl.col("index").rank().over("stage")
    turned = pl.concat_list(
        *(pl.when(place > part).then(1).otherwise(-1) for part in (0, 3, 6, 20, 20))
    ).cast(pl.List(pl.Int32))
    votes = cast.with_columns(votes=pl.when(of_model).then(turned).otherwise("votes"))
    result = _of(tables | {"votes": votes.drop("index").lazy()}, tmp_path, reference=None)
    principles, _ = _checked(result)
    assert principles["nearest_factor"].null_count() == principles.height
    assert any("others in their sets contradict" in note for note in result.notes)


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    tables = _tables()
    turned = {name: frame.collect().reverse().lazy() for name, frame in tables.items()}
    one, other = (_of(given, tmp_path).tables for given in (tables, turned))
    assert all(one[name].equals(other[name]) for name in one)


def test_parameters_name_what_is_read() -> None:
    params = MergePrinciples(steps="mine")  # type: ignore[arg-type]
    steps = ("mine", "make-pairs", "pilot-votes", "factors")
    assert params.outside() == Outside(models=(EmbedderParams(),), steps=steps)
    alone = MergePrinciples(votes=None)
    assert alone.outside().steps == ("propose-principles",)
    assert alone.reads(merge_principles.reads) == ("principles",)
    assert MergePrinciples(reference=None).outside().steps == (
        "propose-principles",
        "make-pairs",
        "pilot-votes",
    )
    lexical_params = MergePrinciples(embedder=EmbedderParams(model="lexical"), themes=0.3)
    assert lexical_params.nearness == (0.15, 0.3)
    a_folder = MergePrinciples(embedder=EmbedderParams(model="/models/a"), candidate_cosine=0.5)
    assert a_folder.nearness == (0.5, 0.6)
    with pytest.raises(ValidationError):
        MergePrinciples(opposite_at=0.5)


def test_a_place_for_vectors_is_needed(tmp_path: Path) -> None:
    with pytest.raises(InternalError, match="no place for vectors"):
        merge_principles.run(_tables(), MergePrinciples(), Context())
