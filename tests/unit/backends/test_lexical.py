from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefdata.backends._lexical import features, model
from prefdata.backends.lexical import lexical
from prefdata.core.errors import BackendError, UserError
from prefdata.core.events import Event, Note, silent
from prefdata.protocols import EmbedderParams
from prefdata.registry import plugin
from prefdata.tables.identity import hash_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from prefdata.protocols import Embedder

__all__: list[str] = []

_PARAMS = EmbedderParams(model="lexical")
_THINGS = ("bread", "violin", "garden", "engine", "passport", "galaxy", "wallet", "river")
_ASKS = (
    "How do I repair my {}?",
    "What is the best {} for a beginner?",
    "Write a short poem about a {}.",
    "My neighbour stole my {}, and I am angry.",
    "Explain the history of the {} to a child",
)
_CORPUS = tuple(ask.format(thing) for ask, thing in itertools.product(_ASKS, _THINGS))


def _corpus(texts: Sequence[str]) -> Callable[[], pl.DataFrame]:
    column = pl.Series("text", texts, dtype=pl.String)
    frame = pl.DataFrame({"content_hash": hash_texts(column), "text": column})
    return lambda: frame


def _opened(texts: Sequence[str], folder: Path, dimension: int | None = None) -> Embedder:
    settings = EmbedderParams(model="lexical", dimension=dimension)
    corpus = _corpus(texts)
    return lexical.open(settings, folder, lexical.revision(settings, corpus), corpus, silent)


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return _opened(_CORPUS, tmp_path_factory.mktemp("models"))


def test_it_is_found_by_its_name() -> None:
    assert plugin("backend", "lexical") is lexical
    assert lexical.is_fitted


def test_an_edited_copy_is_nearest_to_its_source(embedder: Embedder) -> None:
    edited = [text.upper().replace("?", " ?!").replace(" A ", " ONE ") for text in _CORPUS]
    near = embedder.embed(edited).vectors @ embedder.embed(_CORPUS).vectors.T
    assert near.argmax(axis=1).tolist() == list(range(len(_CORPUS)))


def test_case_form_and_punctuation_do_not_count(embedder: Embedder) -> None:
    found = embedder.embed(
        ["How do I repair my violin?", "HOW do I,\u00a0repair my \uff56iolin\x00!"]
    )
    assert np.array_equal(found.vectors[0], found.vectors[1])


def test_rows_have_unit_length_or_are_void(embedder: Embedder) -> None:
    texts = ["violin", "!!!", "\x00\x07", "", " \n", "\u200b", "a river of bread", "?!…"]
    found = embedder.embed(texts)
    assert found.vectors.dtype == np.float32
    assert found.vectors.shape == (len(texts), embedder.dimension)
    assert found.is_void.tolist() == [False, True, True, True, True, True, False, True]
    lengths = np.linalg.norm(found.vectors, axis=1)
    assert lengths == pytest.approx(np.where(found.is_void, 0, 1), abs=1e-6)
    assert found.n_tokens is None


def test_a_text_of_unknown_features_is_void(embedder: Embedder) -> None:
    assert embedder.embed(["жжжжж", "🦔"]).is_void.tolist() == [True, True]


def test_symbols_and_unspaced_scripts_are_features(tmp_path: Path) -> None:
    found = _opened(["🦔 🦔", "😀", "我喜欢音乐", "我喜欢面包", "x"], tmp_path).embed(
        ["🦔", "我喜欢", "x", "我"]
    )
    assert not found.is_void.any()


@given(st.lists(st.text(), max_size=6), st.lists(st.text(), max_size=6))
def test_any_text_has_a_vector_or_is_void(
    tmp_path_factory: pytest.TempPathFactory, corpus: list[str], asked: list[str]
) -> None:
    opened = _opened(corpus, tmp_path_factory.mktemp("models"))
    found = opened.embed(corpus + asked)
    assert np.isfinite(found.vectors).all()
    lengths = np.linalg.norm(found.vectors, axis=1)
    assert lengths == pytest.approx(np.where(found.is_void, 0, 1), abs=1e-5)


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["!!!"],
        ["one text"],
        ["one text", "another"],
        ["the same", "The  same!"],
        ["same"] * 9,
        ["a b c", "b c d", "c d e", "d e f", "e f g"],
    ],
)
def test_tiny_corpora_have_short_vectors(tmp_path: Path, texts: list[str]) -> None:
    opened = _opened(texts, tmp_path)
    assert 1 <= opened.dimension <= max(len(set(texts)), 1)
    found = opened.embed(texts)
    assert found.is_void.tolist() == [text == "!!!" for text in texts]


def test_the_dimension_is_what_was_asked_for(tmp_path: Path, embedder: Embedder) -> None:
    assert _opened(_CORPUS, tmp_path, dimension=7).dimension == 7
    assert embedder.dimension <= len(_CORPUS)


def test_lone_surrogates_are_no_error(embedder: Embedder) -> None:
    found = embedder.embed(["violin \udc80", "\ud800"])
    assert found.is_void.tolist() == [False, True]


def test_long_texts_are_cut_at_the_end_asked_for(embedder: Embedder) -> None:
    text = "violin " * 200_000 + "river " * 200_000
    both = embedder.embed(["violin violin", "river river"]).vectors
    start, end = embedder.embed([text]), embedder.embed([text], keep="end")
    assert start.is_truncated.tolist() == end.is_truncated.tolist() == [True]
    assert start.vectors @ both[0] > 0.5 > start.vectors @ both[1]
    assert end.vectors @ both[1] > 0.5 > end.vectors @ both[0]
    assert not embedder.embed(["violin"]).is_truncated.any()


def test_neither_batch_nor_order_change_a_vector(embedder: Embedder) -> None:
    whole = embedder.embed(_CORPUS).vectors
    assert np.array_equal(embedder.embed(_CORPUS[::-1]).vectors[::-1], whole)
    one_by_one = np.concatenate([embedder.embed([text]).vectors for text in _CORPUS])
    assert np.array_equal(one_by_one, whole)


def test_progress_counts_texts(embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "_TEXTS_AT_ONCE", 16)
    told: list[int] = []
    embedder.embed(_CORPUS, done=told.append)
    assert told == [16, 32, 40]


@given(st.lists(st.integers(0, 3_000_000), max_size=20))
def test_stretches_are_bounded_and_leave_no_text_out(sizes: list[int]) -> None:
    class Sized(str):
        __slots__ = ("size",)

        def __len__(self) -> int:
            return self.size  # type: ignore[attr-defined,no-any-return]

    texts = [Sized() for _ in sizes]
    for text, size in zip(texts, sizes, strict=True):
        text.size = size  # type: ignore[attr-defined]
    parts = list(features.stretches(texts))
    assert [i for part in parts for i in range(part.start, part.stop)] == list(range(len(sizes)))
    for part in parts:
        assert len(sizes[part]) == 1 or sum(sizes[part]) <= 4_000_000


def test_the_revision_follows_the_texts_and_not_their_order(tmp_path: Path) -> None:
    revision = lexical.revision(_PARAMS, _corpus(_CORPUS))
    shuffled = random.Random(7).sample(_CORPUS, len(_CORPUS))  # noqa: S311
    assert lexical.revision(_PARAMS, _corpus([*shuffled, shuffled[0]])) == revision
    assert lexical.revision(_PARAMS, _corpus([*_CORPUS, "More."])) != revision
    shorter = EmbedderParams(model="lexical", dimension=8)
    assert lexical.revision(shorter, _corpus(_CORPUS)) != revision
    _opened(_CORPUS, tmp_path / "a")
    _opened(shuffled, tmp_path / "b")
    name = f"lexical-{revision}.npz"
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_large_corpus_is_sampled_by_content(monkeypatch: pytest.MonkeyPatch) -> None:
    from prefdata.backends._lexical import sample

    monkeypatch.setattr(sample, "_MAX_TEXTS", 10)
    whole = sample.Sample.of(_corpus(_CORPUS))
    assert whole.texts.len() == 10
    # The sample of a part holds what the part has of the sample of the whole.
    part = sample.Sample.of(_corpus(_CORPUS[:20]))
    assert set(whole.texts) & set(_CORPUS[:20]) <= set(part.texts)


def test_another_process_with_one_thread_fits_the_same_bytes(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from prefdata.backends._lexical.model import fit, save\n"
        "texts = [f'{i % 17} things and {i % 23} more of {i}' for i in range(600)]\n"
        "save(fit(texts, 64), Path(sys.argv[1]))\n"
    )
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, "-c", code, tmp_path / "one"], check=True, env={**os.environ, **one}
    )
    texts = [f"{i % 17} things and {i % 23} more of {i}" for i in range(600)]
    model.save(model.fit(texts, 64), tmp_path / "here")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "here").read_bytes()


def test_the_fitted_model_is_kept_and_needs_no_corpus_again(
    tmp_path: Path, embedder: Embedder
) -> None:
    first = _opened(_CORPUS, tmp_path)
    again = lexical.open(_PARAMS, tmp_path, first.revision, None, silent)
    assert again.revision == first.revision
    assert np.array_equal(again.embed(_CORPUS).vectors, first.embed(_CORPUS).vectors)
    assert [path.name for path in tmp_path.iterdir()] == [f"lexical-{first.revision}.npz"]


def _damage(data: bytes, how: str) -> bytes:
    match how:
        case "empty":
            return b""
        case "half":
            return data[: len(data) // 2]
        case "text":
            return b"not a model"
        case _:
            middle = len(data) // 2
            return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize("how", ["empty", "half", "text", "bit"])
def test_a_damaged_file_is_fitted_anew_or_an_error(tmp_path: Path, how: str) -> None:
    revision = _opened(_CORPUS, tmp_path).revision
    path = tmp_path / f"lexical-{revision}.npz"
    whole = path.read_bytes()
    path.write_bytes(_damage(whole, how))
    with pytest.raises(BackendError, match="damaged") as caught:
        lexical.open(_PARAMS, tmp_path, revision, None, silent)
    assert caught.value.fix == "Run the search or the embed step again."
    told: list[Event] = []
    lexical.open(_PARAMS, tmp_path, revision, _corpus(_CORPUS), told.append)
    assert [type(event) for event in told] == [Note]
    assert path.read_bytes() == whole


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    revision = lexical.revision(_PARAMS, _corpus(_CORPUS))
    np.savez(tmp_path / f"lexical-{revision}.npz", header=np.array([object()], dtype=object))
    with pytest.raises(BackendError, match="damaged"):
        lexical.open(_PARAMS, tmp_path, revision, None, silent)


def test_a_file_with_other_arrays_is_damaged(tmp_path: Path) -> None:
    empty = model.fit([], 4)
    model.save(empty, tmp_path / "model.npz")
    assert model.load(tmp_path / "model.npz").axes.shape == (0, 1)
    np.savez(tmp_path / "model.npz", axes=empty.axes)
    with pytest.raises(model.DamagedError):
        model.load(tmp_path / "model.npz")
    np.savez(tmp_path / "model.npz", header=np.array('{"sha256": ""}'), axes=empty.axes)
    with pytest.raises(model.DamagedError, match="checksum"):
        model.load(tmp_path / "model.npz")


def test_without_a_file_and_a_corpus_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="is not there") as caught:
        lexical.open(_PARAMS, tmp_path, "0" * 32, None, silent)
    assert caught.value.fix == "Run the search or the embed step again."


def test_other_texts_are_not_fitted_under_the_name_of_these(tmp_path: Path) -> None:
    revision = lexical.revision(_PARAMS, _corpus(_CORPUS))
    with pytest.raises(BackendError, match="texts changed"):
        lexical.open(_PARAMS, tmp_path, revision, _corpus(_CORPUS[1:]), silent)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("given", [{"prefix": "query: "}, {"query_prefix": "q"}, {"max_tokens": 9}])
def test_what_it_cannot_heed_is_refused(given: dict[str, object]) -> None:
    params = EmbedderParams.model_validate({"model": "lexical", **given})
    with pytest.raises(UserError, match=next(iter(given))):
        lexical.revision(params, _corpus(_CORPUS))
