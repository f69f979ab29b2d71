from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from prefdata.core.errors import InternalError
from prefdata.protocols import Context, Embedded, StageResult, VectorSet
from prefdata.stages.decontaminate import Decontaminate, decontaminate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prefdata.protocols import EmbedderParams
    from prefdata.texts.views import Keep

__all__: list[str] = []

_MOONS = "Which planet of the solar system has the most moons and how were they ever counted?"


class _Bags:
    """Vectors that count words: a real space, in which order does not matter."""

    dimension = 64
    revision = "1"

    def embed(
        self,
        texts: Sequence[str],
        *,
        keep: Keep = "start",
        is_query: bool = False,
        done: Any = None,
    ) -> Embedded:
        del keep, is_query, done
        rows = np.zeros((len(texts), self.dimension), np.float32)
        for i, text in enumerate(texts):
            for word, n in Counter(re.findall(r"\w{3,}", text.lower())).items():
                rows[i, sum(word.encode()) % self.dimension] += n
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        is_void = norms[:, 0] == 0
        rows /= np.where(norms == 0, 1, norms)
        return Embedded(rows, None, np.array([len(text) > 500 for text in texts]), is_void)

    def get(
        self, texts: pl.DataFrame, *, subject: str, view: str, model: EmbedderParams, step: str
    ) -> VectorSet:
        del subject, view, model, step
        distinct = texts.unique("content_hash").sort("content_hash")
        found = self.embed(distinct["text"].to_list())
        void = distinct.filter(pl.Series(found.is_void))
        return VectorSet(
            hashes=distinct["content_hash"].filter(pl.Series(~found.is_void)),
            matrix=found.vectors[~found.is_void],
            embedder="bags",
            revision=self.revision,
            void=void.select("content_hash", reason=pl.lit("no words")),
            open=lambda: self,
            n_truncated=int(found.is_truncated.sum()),
        )


def _run(build: Any, folder: Path, *items: str, **params: Any) -> StageResult:
    """Compare prompts with items by a model that counts words."""
    path = folder / "bench.jsonl"
    path.write_text("\n".join(json.dumps({"q": item}) for item in items))
    given = {"evaluations": [{"name": "bench", "files": path.name}], "model": "bags", **params}
    context = Context(files={path.name: path}, vectors=_Bags())
    return decontaminate.run(build.lazy(), Decontaminate.model_validate(given), context)


def test_the_nearest_item_in_meaning_is_found_when_asked_for(build: Any, tmp_path: Path) -> None:
    items = ("Zebras rarely sleep standing", _MOONS, "?? !! __ a b c d", "long word " * 60)
    build.prompt("p", " ".join(sorted(re.findall(r"\w+", _MOONS))))
    build.prompt("q", "Bake bread")
    build.prompt("blank", " ")
    build.prompt("void", "?!")
    assert _run(build, tmp_path, *items).tables["matches"].is_empty()
    result = _run(build, tmp_path, *items, semantic=True)
    (match,) = result.tables["matches"].to_dicts()
    assert (match["id"], match["method"], match["size"]) == ("p", "semantic", None)
    assert match["similarity"] == pytest.approx(1.0)
    assert match["matched_text"] == _MOONS.lower()
    (flag,) = result.tables["flags"].to_dicts()
    assert flag["reason"].startswith("is near item bench.jsonl:1 of bench in meaning (cosine 1.0)")
    assert {note for note in result.notes if note.startswith("semantic")} == {
        "semantic: 1 distinct prompts have no vector",
        "semantic: 1 texts of items have no vector",
        "semantic: 1 texts of items are longer than the model reads",
    }


def test_an_item_is_listed_once_for_each_way_in_which_it_is_alike(
    build: Any, tmp_path: Path
) -> None:
    build.prompt("p", _MOONS)
    matches = _run(build, tmp_path, _MOONS, semantic=True).tables["matches"]
    assert sorted(matches["method"]) == ["exact", "ngram", "semantic"]


@pytest.mark.parametrize(
    ("prompt", "item"), [(" ", _MOONS), (_MOONS, " "), ("?!", _MOONS), (_MOONS, "__ a b c d")]
)
def test_what_has_no_meaning_is_near_nothing(
    prompt: str, item: str, build: Any, tmp_path: Path
) -> None:
    build.prompt("p", prompt)
    result = _run(build, tmp_path, item, semantic=True, semantic_threshold=-1)
    assert result.tables["matches"].is_empty()


def test_a_search_by_meaning_needs_a_place_for_vectors(build: Any, tmp_path: Path) -> None:
    path = tmp_path / "bench.jsonl"
    path.write_text(json.dumps({"q": _MOONS}))
    params = Decontaminate.model_validate(
        {"evaluations": [{"name": "bench", "files": "b"}], "semantic": True}
    )
    with pytest.raises(InternalError):
        decontaminate.run(build.lazy(), params, Context(files={"b": path}))
