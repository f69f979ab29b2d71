"""Routers see what they may: no label of the pool, one of each seed, differences that turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from prefdata.protocols import EmbedderParams, VectorSet
from prefdata.routing.arrays import Arrays, differences, make_arrays, wording
from prefdata.routing.cases import Cases, Reading, read_cases
from prefdata.routing.roles import Roles, assign_roles
from prefdata.testing.votes import STEPS, VoteWorld, vote_tables

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__: list[str] = []

_WORLD = VoteWorld(n_evaluation=30, n_seed=30, n_pool=40, n_imported=8)
_MODEL = EmbedderParams(model="some/model")


@dataclass(frozen=True)
class _Vectors:
    """Vectors of the lengths of texts: a stand-in for a model."""

    def get(
        self, texts: pl.DataFrame, *, subject: str, view: str, model: EmbedderParams, step: str
    ) -> VectorSet:
        assert (subject, view) == ("responses", "text")
        distinct = texts.unique("content_hash").sort("content_hash")
        length = distinct["text"].str.len_chars().to_numpy().astype(np.float32)
        matrix = np.stack([length, np.ones_like(length)], axis=1)
        return VectorSet(
            distinct["content_hash"],
            matrix,
            model.model,
            step,
            pl.DataFrame(schema={"content_hash": pl.String}),
            open=lambda: pytest.fail("nobody needs it"),
        )


@pytest.fixture(scope="module")
def frames() -> dict[str, pl.DataFrame]:
    return vote_tables(_WORLD)


@pytest.fixture(scope="module")
def cases(frames: dict[str, pl.DataFrame]) -> Cases:
    tables = {name: frame.lazy() for name, frame in frames.items()}
    return read_cases(tables, Reading(STEPS, STEPS[2:], "route-features", "overall"))


@pytest.fixture(scope="module")
def roles(cases: Cases) -> Roles:
    return assign_roles(
        cases.rows, seed=0, n_evaluation=25, n_seed=20, min_evaluation=20, min_seed=10
    )


@pytest.fixture(scope="module")
def arrays(cases: Cases, roles: Roles) -> Arrays:
    difference = np.arange(cases.rows.height, dtype=np.float32)[:, None]
    return make_arrays(cases, roles.rows, difference)


def _difference(
    cases: Cases, responses: pl.DataFrame, model: EmbedderParams = _MODEL
) -> NDArray[np.float32]:
    tables = {"responses": responses.lazy()}
    return differences(cases, tables, _Vectors(), model, "route").difference


def test_a_difference_is_a_less_b_and_of_unit_variance_about_0(
    frames: dict[str, pl.DataFrame], cases: Cases
) -> None:
    length = dict(frames["responses"].select("response_id", "text").iter_rows())
    found = _difference(cases, frames["responses"])
    pairs = cases.rows.select("response_a_id", "response_b_id").iter_rows()
    expected = np.array([len(length[a]) - len(length[b]) for a, b in pairs])
    assert found[:, 0] == pytest.approx(expected / np.sqrt((expected**2).mean()), rel=1e-5)
    assert (found[:, 1] == 0).all()


def test_a_response_without_words_has_no_vector(
    frames: dict[str, pl.DataFrame], cases: Cases
) -> None:
    blank = cases.rows["response_a_id"][0]
    text = pl.when(pl.col("response_id") == blank).then(pl.lit(" ")).otherwise("text")
    tables = {"responses": frames["responses"].with_columns(text=text).lazy()}
    found = differences(cases, tables, _Vectors(), _MODEL, "route")
    assert found.n_void == 1
    assert not found.is_lexical


def test_the_lexical_embedder_is_helped_by_how_texts_are_written(
    frames: dict[str, pl.DataFrame], cases: Cases
) -> None:
    found = _difference(cases, frames["responses"], EmbedderParams(model="lexical"))
    assert found.shape[1] == 2 + 6
    features = wording(pl.Series(["- one two\n- two 22", ""]))
    assert features[0] == pytest.approx([np.log(6), np.log(2), 18 / 6, 4 / 6, 1.0, 2 / 18])
    assert np.isfinite(features).all()


def test_labels_of_the_pool_are_hidden_and_a_seed_has_one(arrays: Arrays, roles: Roles) -> None:
    for data in (arrays.judged, arrays.planned):
        assert np.isnan(data.pool.humans).all()
        assert ((~np.isnan(data.seed.humans)).sum(axis=1) == 1).all()
        assert not np.isnan(data.seed.humans[:, 0]).any()
        assert ((~np.isnan(data.evaluation.humans)).sum(axis=1) >= 3).all()
    n_routed = roles.rows.filter(part="routed").height
    assert n_routed > 0
    assert len(arrays.planned.seed) == len(arrays.judged.seed) + n_routed
    assert len(arrays.judged.pool) == arrays.rows.height


def test_rows_are_those_of_their_comparisons(arrays: Arrays, cases: Cases) -> None:
    # The difference of this fixture is the row of the case.
    rows = arrays.judged.pool.difference[:, 0].astype(int)
    assert cases.rows[rows]["comparison_id"].equals(arrays.rows["comparison_id"])
    assert arrays.judged.pool.ai.tolist() == cases.rows[rows]["ai_label"].to_list()
    held = cases.rows[rows]["tags"].list.contains(arrays.judged.tag_names[0])
    assert arrays.judged.pool.tags[:, 0].tolist() == held.to_list()


def test_what_is_the_same_everywhere_is_left_out(cases: Cases, arrays: Arrays) -> None:
    assert arrays.judged.signal_names == ("confidence", "is_tie")
    everywhere = cases.rows.with_columns(tags=pl.concat_list(pl.lit("everywhere"), "tags"))
    again = make_arrays(
        Cases(everywhere, cases.votes, cases.rejects, cases.n_read),
        cases.rows.with_columns(part=pl.lit("pool")),
        np.zeros((cases.rows.height, 1), np.float32),
    )
    assert again.judged.tag_names == arrays.judged.tag_names
