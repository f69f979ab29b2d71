"""Tags as a matrix."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from prefdata.routing.features.matrix import tag_matrix
from prefdata.routing.features.names import HYPER_TAGS

__all__: list[str] = []

_ONE, _OTHER = HYPER_TAGS[3], HYPER_TAGS[80]
_ROWS = pl.DataFrame({"tags": [[_ONE], [], [_OTHER, _ONE, "mine"]]})


def test_all_ninety_tags_have_a_column_and_others_come_after() -> None:
    matrix, names = tag_matrix(_ROWS)
    assert names == (*HYPER_TAGS, "mine")
    assert matrix.shape == (3, 91)
    assert matrix.dtype == np.bool_
    assert [names[column] for column in np.flatnonzero(matrix[2])] == [_ONE, _OTHER, "mine"]
    assert not matrix[1].any()


def test_the_caller_may_choose_columns_and_their_order() -> None:
    matrix, names = tag_matrix(_ROWS, (_OTHER, _ONE))
    assert names == (_OTHER, _ONE)
    assert matrix.tolist() == [[False, True], [False, False], [True, True]]


@pytest.mark.parametrize("names", [[_ONE, _ONE], ["nobody's"]])
def test_names_are_known_and_there_once(names: list[str]) -> None:
    with pytest.raises(ValueError, match="tag"):
        tag_matrix(_ROWS, names)


def test_no_comparisons_have_columns_all_the_same() -> None:
    matrix, names = tag_matrix(pl.DataFrame(schema={"tags": pl.List(pl.String)}))
    assert matrix.shape == (0, 90)
    assert names == HYPER_TAGS
