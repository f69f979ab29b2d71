"""An index is of one content: it is used again, and never when it is another's or damaged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import torch

from prefdata.core.errors import BackendError
from prefdata.core.events import Note, silent
from prefdata.protocols import EmbedderParams, RawFile
from prefdata.runner import ingest
from prefdata.vectors.spaces import open_space

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prefdata.catalog import Catalog
    from prefdata.vectors.spaces import Space


_HAS_CUDA = torch.cuda.is_available()


@pytest.fixture
def put(catalog: Catalog, tmp_path: Path, words: Any) -> Callable[[int], None]:
    def put_rows(n: int) -> None:
        rows = [{"prompt": f"p{i} word", "chosen": f"c{i}", "rejected": "no"} for i in range(n)]
        path = tmp_path / "rows.jsonl"
        path.write_text("\n".join(json.dumps(row) for row in rows))
        ingest(catalog, "trl", [RawFile(path, path.name)], params={"name": "a"})

    put_rows(5)
    return put_rows


def _open(catalog: Catalog, model: EmbedderParams, report: Any = silent) -> Space:
    return open_space(catalog, catalog.head(), "prompts", None, model, report)


def _folders(catalog: Catalog) -> list[Path]:
    return [path for path in (catalog.workspace.root / "indexes").iterdir() if path.is_dir()]


def test_an_index_is_built_once(
    catalog: Catalog, put: Any, model: EmbedderParams, words: Any
) -> None:
    first = _open(catalog, model)
    n_calls = len(words.seen)
    again = _open(catalog, model)
    assert len(words.seen) == n_calls
    assert again.index.hashes.equals(first.index.hashes)
    assert (first.query("p1") == again.query("p1")).all()
    assert len(_folders(catalog)) == 1


def test_other_rows_are_another_index_and_old_ones_are_removed(
    catalog: Catalog, put: Callable[[int], None], model: EmbedderParams
) -> None:
    for n in (5, 6, 7, 8, 9):
        put(n)
        assert _open(catalog, model).index.hashes.len() == n
    assert len(_folders(catalog)) == 3


@pytest.mark.parametrize("damage", ["cut", "flip", "gone", "side"])
def test_a_damaged_index_is_told_and_built_again(
    catalog: Catalog, put: Any, model: EmbedderParams, damage: str
) -> None:
    whole = _open(catalog, model)
    query = whole.query("p3 word")
    wanted = whole.index.search(query, 5)[0].tolist()
    (folder,) = _folders(catalog)
    path = folder / "vectors.npy"
    content = path.read_bytes()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flip":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 255]))
    elif damage == "gone":
        (folder / "manifest.json").unlink()
    else:
        folder.with_suffix(".json").write_text("{")
    told: list[Any] = []
    again = _open(catalog, model, told.append)
    assert again.index.search(query, 5)[0].tolist() == wanted
    assert any(isinstance(event, Note) and "built again" in event.text for event in told)


def test_texts_without_a_vector_are_counted(
    catalog: Catalog, tmp_path: Path, words: Any, model: EmbedderParams
) -> None:
    rows = [{"prompt": text, "chosen": "c", "rejected": "d"} for text in ("fine", " ", "!!!")]
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    ingest(catalog, "trl", [RawFile(path, path.name)], params={"name": "x"})
    space = _open(catalog, model)
    assert (space.index.hashes.len(), space.n_void) == (1, 2)
    assert "2 without a vector" in space.told


def test_a_fitted_model_that_was_lost_is_fitted_again(
    catalog: Catalog, put: Any, words: Any
) -> None:
    lexical = EmbedderParams(model="lexical")
    first = _open(catalog, lexical).query("p3 word")
    for path in (catalog.workspace.root / "models").iterdir():
        path.unlink()
    assert (_open(catalog, lexical).query("p3 word") == first).all()


@pytest.mark.skipif(_HAS_CUDA, reason="there is a GPU")
def test_a_device_that_is_not_there_is_told(catalog: Catalog, put: Any, words: Any) -> None:
    with pytest.raises(BackendError, match="cuda"):
        _open(catalog, EmbedderParams(model="words", device="cuda"))


@pytest.mark.gpu
def test_a_search_on_a_gpu_finds_what_the_processor_finds(
    catalog: Catalog, put: Any, words: Any, model: EmbedderParams
) -> None:
    here = _open(catalog, model)
    there = _open(catalog, EmbedderParams(model="words", device="cuda"))
    query = here.query("p3 word")
    assert here.index.search(query, 5)[0].tolist() == there.index.search(query, 5)[0].tolist()
