from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from prefdata.backends._sentence.load import load
from prefdata.backends._sentence.run import SentenceEmbedder, budget_of, cuda_budget
from prefdata.core.errors import BackendError
from prefdata.core.events import Event, Note
from prefdata.protocols import EmbedderParams

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__: list[str] = []

TEXTS = ["abc " * n for n in range(1, 30)]


def _open(folder: Path, told: list[Event] | None = None, **params: Any) -> SentenceEmbedder:
    chosen = EmbedderParams.model_validate({"device": "cpu", **params})
    heard: list[Event] = [] if told is None else told
    return SentenceEmbedder(load(folder, chosen), chosen, "revision", heard.append)


def _failing(embedder: SentenceEmbedder, most: int, error: Callable[[], Exception]) -> list[int]:
    """Let the model fail on batches of more tokens, and write down the sizes that it does."""
    transformer = embedder.model[0].auto_model
    forward = transformer.forward
    sizes: list[int] = []

    def limited(*arguments: Any, **named: Any) -> Any:
        size = int(named["input_ids"].numel())
        if size > most:
            raise error()
        sizes.append(size)
        return forward(*arguments, **named)

    transformer.forward = limited
    return sizes


def _out_of_memory() -> Exception:
    import torch

    return torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")


@pytest.mark.parametrize(
    "error",
    [
        _out_of_memory,
        lambda: RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"),
        lambda: RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
        MemoryError,
    ],
)
def test_when_memory_runs_out_batches_are_halved_and_nothing_is_lost(
    tiny: Path, error: Callable[[], Exception]
) -> None:
    whole = _open(tiny).embed(TEXTS)
    told: list[Event] = []
    embedder = _open(tiny, told)
    sizes = _failing(embedder, 100, error)
    done: list[int] = []
    halved = embedder.embed(TEXTS, done=done.append)
    np.testing.assert_allclose(halved.vectors, whole.vectors, atol=1e-5)
    assert max(sizes) > 50
    assert done[-1] == len(TEXTS)
    assert done == sorted(set(done))
    notes = [event.text for event in told if isinstance(event, Note)]
    assert notes
    assert all("Memory ran out" in note for note in notes)


def test_one_text_that_does_not_fit_is_an_error_that_says_so(tiny: Path) -> None:
    embedder = _open(tiny)
    _failing(embedder, 10, _out_of_memory)
    with pytest.raises(BackendError, match="One text of 32 tokens does not fit") as caught:
        embedder.embed(TEXTS)
    assert caught.value.fix is not None
    assert "max_tokens" in caught.value.fix


def test_another_failure_of_the_device_is_an_error_with_its_first_line(tiny: Path) -> None:
    embedder = _open(tiny)
    _failing(embedder, 0, lambda: RuntimeError("CUDA error: unspecified\nlong story"))
    with pytest.raises(BackendError, match="failed on cpu") as caught:
        embedder.embed(TEXTS)
    assert caught.value.what.endswith("CUDA error: unspecified")


def test_a_model_that_overflows_in_float16_goes_on_in_float32(tiny: Path) -> None:
    whole = _open(tiny).embed(TEXTS)
    told: list[Event] = []
    embedder = _open(tiny, told)
    embedder.model.half()
    layer = embedder.model[0].auto_model.encoder.layer[1].output
    forward = layer.forward
    # A number beyond float16, which float32 holds.
    layer.forward = lambda *a: forward(*a) * 1e5 / 1e5
    found = embedder.embed(TEXTS)
    np.testing.assert_allclose(found.vectors, whole.vectors, atol=0.01)
    assert [type(event) for event in told] == [Note]
    assert not found.is_void.any()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0])
def test_a_vector_without_a_direction_is_void_and_zero(tiny: Path, value: float) -> None:
    embedder = _open(tiny)
    last = embedder.model[2].forward

    def broken(features: dict[str, Any]) -> dict[str, Any]:
        out: dict[str, Any] = last(features)
        out["sentence_embedding"][0] = value
        return out

    embedder.model[2].forward = broken
    found = embedder.embed(TEXTS[:3])
    assert found.is_void.tolist() == [False, False, True]
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), [1, 1, 0], atol=1e-6)


def test_no_text_gives_no_vector(tiny: Path) -> None:
    found = _open(tiny).embed([])
    assert found.vectors.shape == (0, 16)
    assert len(found.is_void) == len(found.is_truncated) == 0


def test_vectors_are_cut_to_a_dimension_and_are_of_unit_length(tiny: Path) -> None:
    embedder = _open(tiny, dimension=4)
    assert embedder.dimension == 4
    found = embedder.embed(TEXTS)
    whole = _open(tiny).embed(TEXTS).vectors[:, :4]
    np.testing.assert_allclose(
        found.vectors, whole / np.linalg.norm(whole, axis=1, keepdims=True), atol=1e-6
    )


def test_fewer_tokens_than_the_model_takes_can_be_asked_for(tiny: Path) -> None:
    found = _open(tiny, max_tokens=8).embed(["a b c d e f", "a b c d e f g", "a b c d e f h"])
    assert found.is_truncated.tolist() == [False, True, True]
    np.testing.assert_allclose(found.vectors[1], found.vectors[2], atol=1e-6)


def test_which_end_stays_changes_the_vector_of_a_long_text(tiny: Path) -> None:
    embedder = _open(tiny, max_tokens=8)
    texts = ["a b c d e f x y z u v w", "a b c d e f", "x y z u v w"]
    start, end = (embedder.embed(texts, keep=keep).vectors for keep in ("start", "end"))
    np.testing.assert_allclose(start[0], start[1], atol=1e-6)
    np.testing.assert_allclose(end[0], end[2], atol=1e-6)


@pytest.mark.parametrize(
    ("params", "prompts", "document", "query"),
    [
        ({}, {}, "", ""),
        ({"prefix": "p: "}, {}, "p: ", "p: "),
        ({"query_prefix": "q: "}, {}, "", "q: "),
        ({"prefix": "p: ", "query_prefix": "q: "}, {"query": "x: "}, "p: ", "q: "),
        ({}, {"query": "x: ", "passage": "y: "}, "y: ", "x: "),
    ],
)
def test_prefixes_are_the_users_or_else_the_models_own(
    tiny: Path, params: dict[str, str], prompts: dict[str, str], document: str, query: str
) -> None:
    chosen = EmbedderParams.model_validate({"device": "cpu", **params})
    model = load(tiny, chosen)
    model.prompts = {"query": "", "document": "", **prompts}
    embedder = SentenceEmbedder(model, chosen, "revision", print)
    plain = _open(tiny)
    for is_query, prefix in ((False, document), (True, query)):
        found = embedder.embed(["abc"], is_query=is_query).vectors
        np.testing.assert_allclose(found, plain.embed([f"{prefix}abc"]).vectors, atol=1e-5)


def test_the_same_list_gives_the_same_bytes(tiny: Path) -> None:
    first = _open(tiny).embed(TEXTS).vectors.tobytes()
    assert _open(tiny).embed(TEXTS).vectors.tobytes() == first


def test_the_order_of_the_texts_is_the_order_of_the_vectors(tiny: Path) -> None:
    embedder = _open(tiny)
    forwards, backwards = embedder.embed(TEXTS), embedder.embed(TEXTS[::-1])
    np.testing.assert_allclose(backwards.vectors[::-1], forwards.vectors, atol=1e-5)


def test_a_model_that_only_looks_words_up_keeps_the_contract(static: Path) -> None:
    embedder = _open(static)
    assert embedder.dimension == 8
    found = embedder.embed(["abc", "", "a " * 50_000])
    assert found.is_void.tolist() == [False, True, False]
    assert found.n_tokens is not None
    assert found.n_tokens.tolist() == [3, 0, 50_000]
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), [1, 0, 1], atol=1e-6)


def test_a_budget_of_the_user_bounds_the_batches(tiny: Path) -> None:
    embedder = _open(tiny, batch_tokens=40)
    sizes = _failing(embedder, 10**9, _out_of_memory)
    embedder.embed(TEXTS)
    assert max(sizes) <= 40
    assert budget_of(embedder.model) > 40


@pytest.mark.parametrize(
    ("gigabytes", "hidden", "inner", "tokens"),
    [
        (140, 384, 1536, 131_072),
        (24, 1024, 4096, 32_768),
        (16, 4096, 14_336, 8_192),
        (1, 8192, 32_768, 4_096),
    ],
)
def test_a_budget_on_cuda_grows_with_memory_and_shrinks_with_the_model(
    gigabytes: int, hidden: int, inner: int, tokens: int
) -> None:
    assert cuda_budget(gigabytes << 30, hidden=hidden, inner=inner) == tokens


def test_a_model_that_does_not_tell_its_width_is_tried_out(tiny: Path) -> None:
    model = load(tiny, EmbedderParams(device="cpu"))
    model.get_embedding_dimension = lambda: None
    embedder = SentenceEmbedder(model, EmbedderParams(device="cpu"), "revision", print)
    assert embedder.dimension == 16


@pytest.mark.gpu
def test_float16_on_cuda_gives_the_vectors_of_the_cpu(tiny: Path) -> None:
    on_gpu = _open(tiny, device="cuda").embed(TEXTS)
    on_cpu = _open(tiny).embed(TEXTS)
    assert (on_gpu.vectors * on_cpu.vectors).sum(axis=1).min() > 0.999
    assert on_gpu.is_truncated.tolist() == on_cpu.is_truncated.tolist()
