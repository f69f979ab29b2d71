"""What is drawn as a whole follows from who labelled what."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from prefdata.constitution.clusters import clusters_of
from prefdata.core.errors import DataError
from prefdata.testing.principle_world import principle_world

if TYPE_CHECKING:
    from prefdata.constitution.ballots import Ballots

__all__: list[str] = []


def _ballots(*, n_annotators: int, n_prompts: int = 30, n: int = 100) -> Ballots:
    return principle_world(
        0, n_comparisons=n, n_prompts=n_prompts, n_annotators=n_annotators, n_null=2
    ).ballots


def test_auto_takes_annotators_and_prompts_where_both_say_several_things() -> None:
    found = clusters_of(_ballots(n_annotators=12))
    assert found.names == ("annotator", "prompt")
    assert found.n_annotators == 12
    assert found.n_clusters == 12
    assert [len(codes) for codes in found.codes] == [100, 100]


@pytest.mark.parametrize("n_annotators", [0, 1, 9])
def test_auto_takes_prompts_where_annotators_are_few(n_annotators: int) -> None:
    found = clusters_of(_ballots(n_annotators=n_annotators))
    assert found.names == ("prompt",)
    assert found.n_annotators == (n_annotators or None)


def test_auto_takes_annotators_where_every_prompt_is_its_own() -> None:
    ballots = _ballots(n_annotators=20)
    own = ballots.comparisons.with_columns(opening="comparison_id")
    assert clusters_of(replace(ballots, comparisons=own)).names == ("annotator",)


def test_auto_takes_prompts_where_every_annotator_labels_once() -> None:
    ballots = _ballots(n_annotators=20)
    once = ballots.labels.with_columns(annotator_id="judgment_id")
    assert clusters_of(replace(ballots, labels=once)).names == ("prompt",)


def test_prompts_with_the_same_opening_are_one_cluster() -> None:
    ballots = _ballots(n_annotators=0)
    found = clusters_of(ballots, "prompt")
    openings = ballots.comparisons["opening"][ballots.labels["at"]].to_list()
    together = {(opening, code) for opening, code in zip(openings, found.codes[0], strict=True)}
    assert len(together) == len(set(openings)) == found.n_clusters


def test_codes_do_not_depend_on_the_order_of_labels() -> None:
    ballots = _ballots(n_annotators=12)
    order = np.random.default_rng(0).permutation(100)
    found = clusters_of(ballots)
    mixed = clusters_of(replace(ballots, labels=ballots.labels[order]))
    for codes, other in zip(found.codes, mixed.codes, strict=True):
        assert (codes[order] == other).all()


def test_a_label_without_annotator_stands_for_its_prompt() -> None:
    ballots = _ballots(n_annotators=12)
    is_hidden = pl.int_range(pl.len()) >= 50
    labels = ballots.labels.with_columns(
        annotator_id=pl.when(~is_hidden).then(pl.col("annotator_id"))
    )
    some = replace(ballots, labels=labels)
    found = clusters_of(some, "annotator")
    codes = found.codes[0]
    prompts = clusters_of(some, "prompt").codes[0]
    assert len(set(codes[50:])) == len(set(prompts[50:]))
    assert not set(codes[:50]) & set(codes[50:])
    assert found.name == "annotator"


def test_annotators_that_nobody_named_cannot_be_drawn() -> None:
    with pytest.raises(DataError, match="No label names its annotator"):
        clusters_of(_ballots(n_annotators=0), "both")


def test_no_labels_make_no_clusters() -> None:
    ballots = _ballots(n_annotators=0)
    empty = clusters_of(ballots.of_labels(ballots.labels["y"] > 5))
    assert empty.n_clusters == 0
    assert empty.names == ("prompt",)
