"""Comparisons that are shown differ, and every other one is left out for a reason that is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from prefdata.constitution.labels import read_labelled
from prefdata.constitution.proposing.sample import SAMPLED, Sample, Sampling, draw_sample
from prefdata.protocols import EmbedderParams, VectorSet

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []

_ALL = Sampling(n=100, max_chars=1000, share=1.0, embedder=None, seed=0, step="propose")


class _Known:
    """Vectors that are given for each text; what has none is void."""

    def __init__(self, known: dict[str, list[float]]) -> None:
        self.known = known

    def get(self, texts: pl.DataFrame, **_: Any) -> VectorSet:
        """Return the vectors."""
        found = texts.unique("content_hash").sort("content_hash")
        found = found.filter(pl.col("text").is_in(list(self.known)))
        matrix = np.array([self.known[text] for text in found["text"]], dtype=np.float32)
        hashes = found["content_hash"]
        return VectorSet(hashes, matrix, "known", "1", texts.head(0), open=lambda: None)  # type: ignore[arg-type, return-value]


def _drawn(
    tables: dict[str, pl.LazyFrame], sampling: Sampling = _ALL, vectors: Any = None
) -> Sample:
    sample = draw_sample(tables, read_labelled(tables, ["make-pairs"]), sampling, vectors)
    assert sample.rows.schema == pl.Schema(SAMPLED)
    return sample


def test_what_most_prefer_is_the_choice_and_without_a_majority_there_is_none(
    tables: Callable[..., Any],
) -> None:
    texts = {"p": ("x", "y"), "q": ("x", "y"), "r": ("x", "y")}
    sample = _drawn(tables(texts, {"p": "0 1 1", "q": "0 1", "r": "0"}))
    assert sample.rows.sort("prompt_id").select("prompt_id", "preferred", "other").rows() == [
        ("p", "y", "x"),
        ("r", "x", "y"),
    ]
    assert sample.rows["conversation"].to_list() == [
        f"[user]\nAbout {name}?" for name in sample.rows["prompt_id"]
    ]
    assert sample.left_out == {"without a majority": 1}


def test_empty_and_equal_responses_are_left_out(tables: Callable[..., Any]) -> None:
    long = "same " * 50
    texts = {
        "empty": ("x", " \n"),
        "alike": ("x", " x "),
        "cut": (f"{long} a", f"{long} b"),
        "fine": ("x", "y"),
    }
    sample = _drawn(tables(texts), replace(_ALL, max_chars=120))
    assert sample.rows["prompt_id"].to_list() == ["fine"]
    assert [*sample.left_out.values()] == [1, 2]


def test_no_two_open_alike(tables: Callable[..., Any]) -> None:
    texts = {f"p{n}": (f"x{n}", f"y{n}") for n in range(6)}
    same = {f"p{n}": ("Why?", "  why? ")[n % 2] for n in range(4)}
    sample = _drawn(tables(texts, None, **same))
    assert sample.rows.height == 3
    assert sample.left_out == {"of prompts that open like another one": 3}


def test_a_larger_draw_holds_a_smaller_one_whatever_the_order_of_rows(
    tables: Callable[..., Any],
) -> None:
    made = tables({f"p{n}": (f"x{n}", f"y{n}") for n in range(30)})
    many = _drawn(made, replace(_ALL, n=20))
    few = _drawn(made, replace(_ALL, n=5))
    assert set(few.rows["comparison_id"]) < set(many.rows["comparison_id"])
    assert few.left_out == {"not drawn": 25}
    turned = {name: frame.collect().reverse().lazy() for name, frame in made.items()}
    assert _drawn(turned, replace(_ALL, n=5)).rows.equals(few.rows)
    assert not _drawn(made, replace(_ALL, n=5, seed=1)).rows.equals(few.rows)
    assert 3 < int(many.rows["is_turned"].sum()) < 17


def test_held_out_openings_are_those_on_which_a_constitution_is_measured(
    tables: Callable[..., Any],
) -> None:
    from prefdata.constitution.ballots import Ballots
    from prefdata.constitution.parts import parts_of

    made = tables({f"p{n}": (f"x{n}", f"y{n}") for n in range(60)})
    labelled = read_labelled(made, ["make-pairs"])
    ballots = Ballots(
        pl.DataFrame(), labelled.comparisons, np.empty((60, 0), np.int8), labelled.labels
    )
    part = parts_of(ballots, shares=(0.6,), seed=7)
    train = set(
        labelled.comparisons["comparison_id"].gather(labelled.labels["at"]).filter(part == "train")
    )
    sample = _drawn(made, replace(_ALL, share=0.6, seed=7))
    assert set(sample.rows["comparison_id"]) == train
    assert 20 < len(train) < 50


@pytest.mark.parametrize("seed", range(3))
def test_with_an_embedder_each_kind_of_difference_is_shown(
    tables: Callable[..., Any], seed: int
) -> None:
    # Of 40 comparisons two differ in another way than the others.
    texts = {f"p{n:02}": (f"x{n}", f"y{n}") for n in range(40)}
    rare = {"p07", "p23"}
    ends = {name: [0.0, 1.0] if name in rare else [1.0, 0.0] for name in texts}
    known = {texts[name][0]: end for name, end in ends.items()}
    known |= {texts[name][1]: [-value for value in end] for name, end in ends.items()}
    sampling = replace(_ALL, n=2, embedder=EmbedderParams(model="known"), seed=seed)
    made = tables(texts)
    sample = _drawn(made, sampling, _Known(known))
    assert len(rare & set(sample.rows["prompt_id"])) == 1
    assert _drawn(made, sampling, _Known({})).rows.height == 2


@pytest.mark.parametrize("texts", [{}, {"p": ("x", "y")}])
def test_nothing_and_one_prompt_are_no_fault(tables: Callable[..., Any], texts: Any) -> None:
    sampling = replace(_ALL, embedder=EmbedderParams(model="known"))
    sample = _drawn(tables(texts), sampling, _Known({"x": [1.0], "y": [-1.0]}))
    assert sample.rows.height == len(texts)
    assert sample.left_out == {}
