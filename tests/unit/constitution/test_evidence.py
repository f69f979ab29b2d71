"""Pairs to read for and against a principle."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from prefdata.constitution import evidence
from prefdata.constitution._evidence.cases import decided_cases, drawn
from prefdata.constitution._evidence.meaning import directions
from prefdata.constitution._evidence.pools import best
from prefdata.constitution._evidence.variety import farthest_first, varied
from prefdata.constitution.ballots import Ballots
from prefdata.constitution.evidence import EVIDENCE, evidence_notes, find_evidence
from prefdata.constitution.labels import COMPARED, LABEL
from prefdata.protocols import EmbedderParams
from prefdata.schema import polars_schema, table_schema
from prefdata.testing.embedders import LexicalVectors

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_LEXICAL = EmbedderParams(model="lexical")
_N = 24


def _frame(table: str, rows: list[dict[str, Any]]) -> pl.LazyFrame:
    return pl.LazyFrame(rows, schema=polars_schema(table_schema(table)))


def _labels(*rows: dict[str, Any]) -> pl.DataFrame:
    common = {"annotator_id": "ann", "kind": "human", "judgment_id": "j", "step": "made"}
    return pl.DataFrame([common | row for row in rows], schema=LABEL)


def _ballots(
    votes: np.ndarray, labels: pl.DataFrame, *, openings: list[str] | None = None
) -> Ballots:
    n, p = votes.shape
    compared = [
        {
            "comparison_id": f"{i:032x}",
            "source": "s",
            "prompt_id": f"p{i}",
            "response_a_id": f"a{i}",
            "response_b_id": f"b{i}",
            "aspect": "overall",
            "opening": f"o{i}" if openings is None else openings[i],
        }
        for i in range(n)
    ]
    principles = [
        {
            "principle_id": f"q{c}",
            "position": c,
            "stage": "factors",
            "sentence": ("has many roses in it", "is rude")[c % 2],
            "opposite": ("talks of engines", None)[c % 2],
        }
        for c in range(p)
    ]
    return Ballots(
        principles=_frame("principles", principles).collect(),
        comparisons=pl.DataFrame(compared, schema=COMPARED),
        votes=votes.astype(np.int8),
        labels=labels,
    )


def _factors(values: dict[str, list[float | None]]) -> pl.LazyFrame:
    rows = [
        {"response_id": name, "values": given, "stage": "factors"} for name, given in values.items()
    ]
    return _frame("factors", rows)


def _world(n: int = _N) -> tuple[dict[str, pl.LazyFrame], Ballots]:
    """Make comparisons of roses (a) with engines (b); a is longer by its number."""
    votes = np.stack([np.ones(n), np.resize([1, -1, 0], n)], axis=1)
    labels = _labels(*({"at": i, "y": 1.0 if i % 4 else -1.0} for i in range(n)))
    words = ("tulip", "soil", "bed", "wall", "path", "spring")
    responses, prompts, values = [], [], {}
    for i in range(n):
        topic = words[i % len(words)]
        texts = {
            "a": f"Roses and more roses, for the {topic} {i} in the garden.",
            "b": f"Engines, motors and the {topic} {i} of wheels.",
        }
        for side, text in texts.items():
            name = f"{side}{i}"
            values[name] = [float(i + 1 if side == "a" else 0), None]
            responses.append({"response_id": name, "text": text, "content_hash": text})
        question = f"What of the {topic} do you like, in year {i}?"
        message = [{"role": "user", "content": question}]
        prompts.append({"prompt_id": f"p{i}", "messages": message, "content_hash": question})
    tables = {
        "factors": _factors(values),
        "responses": _frame("responses", responses),
        "prompts": _frame("prompts", prompts),
    }
    return tables, _ballots(votes, labels)


def test_the_widest_margins_come_first_for_and_against() -> None:
    tables, ballots = _world()
    found = find_evidence(tables, ballots, k=3)
    assert found.schema == pl.Schema(EVIDENCE)
    agree = found.filter(principle_id="q0", side="for")
    assert agree["prompt_id"].to_list() == ["p23", "p22", "p21"]
    assert agree["chosen_id"].to_list() == ["a23", "a22", "a21"]
    against = found.filter(principle_id="q0", side="against")
    assert against["prompt_id"].to_list() == ["p20", "p16", "p12"]
    assert against["chosen_id"].to_list() == ["b20", "b16", "b12"]
    assert against["rejected_id"].to_list() == ["a20", "a16", "a12"]
    size = np.sqrt(np.mean(np.arange(1, _N + 1) ** 2.0))
    assert agree["margin"][0] == pytest.approx(_N / size)
    assert agree["rank"].to_list() == [1, 2, 3]


def test_a_vote_for_the_rejected_response_speaks_against() -> None:
    tables, ballots = _world()
    signs = dict(zip(ballots.comparisons["prompt_id"], ballots.votes[:, 1], strict=True))
    leans = dict(zip(ballots.comparisons["prompt_id"], ballots.labels["y"], strict=True))
    found = find_evidence(tables, ballots, principles=["q1"], k=4)
    assert set(found["principle_id"]) == {"q1"}
    for prompt, side, margin in found.select("prompt_id", "side", "margin").iter_rows():
        assert signs[prompt] * leans[prompt] == (1 if side == "for" else -1)
        assert margin == 0 or margin is None


def test_principles_of_other_steps_and_unmeasured_responses_have_no_margin() -> None:
    tables, ballots = _world()
    asked = pl.when(pl.col("position") == 0).then(pl.lit("asked")).otherwise("stage")
    other = replace(ballots, principles=ballots.principles.with_columns(stage=asked))
    assert find_evidence(tables, other, principles=["q0"])["margin"].null_count() == 10
    late = replace(ballots, principles=ballots.principles.with_columns(position=7))
    assert find_evidence(tables, late, principles=["q0"])["margin"].null_count() == 10
    some = tables["factors"].filter(pl.col("response_id") != "a23")
    found = find_evidence(tables | {"factors": some}, ballots, principles=["q0"], k=1)
    assert found.filter(side="for")["prompt_id"].to_list() == ["p22"]


def test_without_values_the_clearest_labels_come_first() -> None:
    votes = np.ones((4, 1))
    labels = _labels(
        {"at": 0, "y": 1.0},
        *({"at": 1, "y": 1.0, "annotator_id": f"x{i}"} for i in range(5)),
        *({"at": 2, "y": 1.0 if i else -1.0, "annotator_id": f"x{i}"} for i in range(4)),
        *({"at": 3, "y": 1.0 if i else -1.0, "annotator_id": f"x{i}"} for i in range(2)),
    )
    found = find_evidence({}, _ballots(votes, labels))
    assert found["prompt_id"].to_list() == ["p1", "p2", "p0"]  # the labels of p3 cancel out
    assert found["margin"].null_count() == 3
    assert set(found["side"]) == {"for"}


def test_people_are_never_named_and_models_are() -> None:
    kinds = ("human", "model", "rule", None)
    labels = _labels(*({"at": i, "y": -1.0, "kind": kind} for i, kind in enumerate(kinds)))
    found = find_evidence({}, _ballots(np.ones((4, 1)), labels))
    named = dict(found.select("prompt_id", "annotator_id").iter_rows())
    assert named == {"p0": None, "p1": "ann", "p2": "ann", "p3": None}
    twice = pl.concat([labels, labels.with_columns(annotator_id=pl.lit("other"))])
    assert find_evidence({}, _ballots(np.ones((4, 1)), twice))["annotator_id"].null_count() == 4


def test_prompts_that_open_alike_are_shown_once_while_there_are_others() -> None:
    tables, ballots = _world(6)
    labels = ballots.labels.with_columns(y=pl.lit(1.0))
    openings = ["x", "x", "x", "y", "z", "z"]
    alike = replace(_ballots(ballots.votes, labels, openings=openings))
    found = find_evidence(tables, alike, principles=["q0"], k=4)
    assert found["prompt_id"].to_list() == ["p5", "p3", "p2", "p4"]


def test_by_meaning_the_difference_of_the_responses_points_where_the_sentence_does(
    tmp_path: Path,
) -> None:
    tables, ballots = _world()
    found = find_evidence(tables, ballots, LexicalVectors(tmp_path), embedder=_LEXICAL, k=3)
    meant = found.filter(principle_id="q0", basis="meaning")
    sides = meant.group_by("side").agg("chosen_id", "margin").sort("side", descending=True)
    assert [{name[0] for name in names} for names in sides["chosen_id"]] == [{"a"}, {"b"}]
    assert [(row > 0).to_list() for row in sides["margin"]] == [[True] * 3, [False] * 3]
    by_votes = found.filter(principle_id="q0", basis="votes", side="for")
    assert by_votes["prompt_id"][0] == "p23"
    assert not found.filter(principle_id="q1", basis="votes").is_empty()
    contract = table_schema("principle_evidence")
    assert not found.select(set(contract.primary_key) - {"source", "stage"}).is_duplicated().any()


def test_empty_responses_have_no_meaning(tmp_path: Path) -> None:
    tables, ballots = _world(4)
    for text in ("", "   "):
        void = tables["responses"].with_columns(text=pl.lit(text))
        mute = {**tables, "responses": void}
        found = find_evidence(mute, ballots, LexicalVectors(tmp_path), embedder=_LEXICAL)
        assert set(found["basis"]) == {"votes"}


@pytest.mark.parametrize("has_vectors", [True, False])
def test_the_order_of_rows_does_not_matter(has_vectors: bool, tmp_path: Path) -> None:
    tables, ballots = _world()
    vectors = LexicalVectors(tmp_path) if has_vectors else None
    found = find_evidence(tables, ballots, vectors, embedder=_LEXICAL, seed=3)
    turned = {name: frame.collect().reverse().lazy() for name, frame in tables.items()}
    mixed = replace(ballots, labels=ballots.labels.reverse())
    again = find_evidence(turned, mixed, vectors, embedder=_LEXICAL, seed=3)
    assert found.equals(again)


def test_equals_are_told_apart_by_the_seed() -> None:
    labels = _labels(*({"at": i, "y": 1.0} for i in range(200)))
    ballots = _ballots(np.ones((200, 1)), labels)
    # Ids of real comparisons are digests; these are counted, so they are spread first.
    digests = [f"{(i * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128:032x}" for i in range(200)]
    ids = ballots.comparisons.with_columns(comparison_id=pl.Series(digests))
    ballots = replace(ballots, comparisons=ids)
    one, other = (find_evidence({}, ballots, seed=seed)["prompt_id"].to_list() for seed in (1, 2))
    assert one != other
    cases = decided_cases(ballots, 1)
    few = drawn(cases, 50)
    assert few.height == 50
    assert set(few["chance"]) == set(cases["chance"].sort().head(50))


def test_nothing_gives_nothing(tmp_path: Path) -> None:
    tables, ballots = _world()
    ties = replace(ballots, labels=ballots.labels.with_columns(y=pl.lit(0.0)))
    vectors = LexicalVectors(tmp_path)
    for odd, more in ((ties, {}), (ballots, {"k": 0}), (ballots, {"principles": []})):
        found = find_evidence(tables, odd, vectors, embedder=_LEXICAL, **more)
        assert found.is_empty()
        assert found.schema == pl.Schema(EVIDENCE)
    silent_votes = replace(ballots, votes=np.zeros_like(ballots.votes))
    assert find_evidence(tables, silent_votes).is_empty()


def test_what_was_drawn_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert evidence_notes(20_000, is_embedded=True) == ()
    assert len(evidence_notes(20_001, is_embedded=True)) == 1
    assert evidence_notes(20_001, is_embedded=False) == ()
    assert len(evidence_notes(250_001, is_embedded=True)) == 2
    tables, ballots = _world()
    monkeypatch.setattr(evidence, "MOST_EMBEDDED", 6)
    found = find_evidence(tables, ballots, LexicalVectors(tmp_path), embedder=_LEXICAL, k=9)
    assert found.filter(basis="meaning")["comparison_id"].n_unique() <= 6
    assert found.filter(basis="votes")["comparison_id"].n_unique() > 6


def test_a_sentence_without_an_opposite_points_away_from_the_others(tmp_path: Path) -> None:
    texts = pl.DataFrame({"text": ["has roses", "is rude", "has engines", "is short"]})
    known = LexicalVectors(tmp_path).get(
        texts.with_columns(content_hash="text"), subject="", view="", model=_LEXICAL, step=""
    )
    embedder = known.open()
    rows = pl.DataFrame(
        {"sentence": ["has roses", "is rude", "!"], "opposite": ["has engines", None, None]}
    )
    found = directions(rows, embedder)
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1, 0])
    roses, engines = embedder.embed(["has roses", "has engines"]).vectors
    assert found[0] @ roses > 0 > found[0] @ engines
    alone = directions(rows[1:2], embedder)
    assert alone[0] == pytest.approx(embedder.embed(["is rude"]).vectors[0], abs=1e-6)


@settings(max_examples=30)
@given(
    hnp.arrays(np.float64, st.integers(1, 30), elements=st.sampled_from([0.0, 1.0, 2.0, np.nan])),
    st.integers(1, 12),
)
def test_the_best_are_those_of_a_full_sort(scores: np.ndarray, n: int) -> None:
    rows = np.arange(0, len(scores), 2)
    filled = np.nan_to_num(scores, nan=-np.inf)
    expected = sorted(rows, key=lambda row: (-filled[row], row))[:n]
    assert best(scores, rows, n).tolist() == expected
    assert best(None, rows, n).tolist() == rows[:n].tolist()


def test_each_is_as_far_as_can_be_from_those_before() -> None:
    vectors = np.array([[1, 0], [1, 0], [0.6, 0.8], [-1, 0], [0, 1]], np.float32)
    assert farthest_first(vectors, 3).tolist() == [0, 3, 4]
    assert farthest_first(vectors, 9).tolist() == [0, 3, 4, 2, 1]
    assert varied(np.arange(5), 2, vectors).tolist() == [0, 3]
    assert varied(np.array([1, 1, 2, 1, 2]), 3).tolist() == [0, 2, 1]
    assert varied(np.array([], np.int64), 3).tolist() == []
