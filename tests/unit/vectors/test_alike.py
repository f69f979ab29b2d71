"""Pairs are alike when their responses differ the same way, and reversed when the choice was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from prefdata.core.errors import QueryError, UnknownNameError, UserError
from prefdata.protocols import RawFile
from prefdata.recipes import Recipe
from prefdata.runner import ingest, run
from prefdata.vectors.alike import alike, differences
from prefdata.vectors.spaces import open_space

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.catalog import Catalog
    from prefdata.protocols import EmbedderParams

_POLITE, _RUDE = "please thanks kindly", "never nonsense ever"
_ROWS = [
    {"prompt": "q0", "chosen": f"zero {_POLITE}", "rejected": f"zero {_RUDE}"},
    {"prompt": "q1", "chosen": f"uno {_POLITE}", "rejected": f"uno {_RUDE}"},
    {"prompt": "q2", "chosen": f"dos {_RUDE}", "rejected": f"dos {_POLITE}"},
    {"prompt": "q3", "chosen": "apples pears", "rejected": "stones gravel"},
    {"prompt": "q4", "chosen": "word order", "rejected": "order word"},
]


@pytest.fixture
def pairs(catalog: Catalog, tmp_path: Path, words: Any) -> dict[str, str]:
    """Return the ids of the pairs by their prompts."""
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in _ROWS))
    ingest(catalog, "trl", [RawFile(path, path.name)], params={"name": "a"})
    run(catalog, Recipe.model_validate({"name": "r", "steps": ["make-pairs"]}))
    return dict(catalog.sql("SELECT last_user_text, pair_id FROM pair_texts").fetchall())


def test_the_same_difference_comes_first_and_its_opposite_is_told(
    catalog: Catalog, pairs: dict[str, str], model: EmbedderParams
) -> None:
    found = alike(catalog, pairs["q0"], model=model, k=2)
    parts = {hit.id: (hit.part, hit.score > 0) for hit in found.hits}
    assert parts == {pairs["q1"]: ("same", True), pairs["q2"]: ("reversed", False)}
    assert [hit.text for hit in found.hits if hit.part == "same"] == [f"uno {_POLITE}"]
    # Words share the few dimensions of this embedder, so a direction is not quite the same.
    assert all(abs(hit.score) > 0.7 for hit in found.hits)


def test_a_pair_is_named_by_its_first_digits_and_never_finds_itself(
    catalog: Catalog, pairs: dict[str, str], model: EmbedderParams
) -> None:
    found = alike(catalog, pairs["q0"][:12], model=model, k=9)
    assert pairs["q0"] not in {hit.id for hit in found.hits}
    # The responses of q4 are one set of words, so that pair has no direction.
    assert pairs["q4"] not in {hit.id for hit in found.hits}


def test_a_difference_is_a_direction_or_nothing(
    catalog: Catalog, pairs: dict[str, str], model: EmbedderParams
) -> None:
    index = open_space(catalog, catalog.head(), "responses", None, model, print).index
    rows = np.arange(index.n)
    found = differences(index, rows, np.roll(rows, 1))
    assert np.allclose(np.linalg.norm(found, axis=1)[found.any(axis=1)], 1, atol=1e-3)
    assert np.allclose(found, -differences(index, np.roll(rows, 1), rows))
    assert not differences(index, rows, rows).any()


def test_what_cannot_be_compared_is_told(
    catalog: Catalog, pairs: dict[str, str], model: EmbedderParams
) -> None:
    with pytest.raises(UserError, match="do not differ"):
        alike(catalog, pairs["q4"], model=model)
    with pytest.raises(UnknownNameError, match="'zz'"):
        alike(catalog, "zz", model=model)
    with pytest.raises(UserError, match="no other pairs"):
        alike(catalog, pairs["q0"], model=model, where="source = 'b'")
    with pytest.raises(QueryError):
        alike(catalog, pairs["q0"], model=model, where="colour = 1")
