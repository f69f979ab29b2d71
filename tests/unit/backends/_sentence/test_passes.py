from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from prefdata.backends._sentence.load import load
from prefdata.backends._sentence.passes import longest, own_pass, token_pass, tokeniser_of
from prefdata.protocols import EmbedderParams

if TYPE_CHECKING:
    from pathlib import Path

    from prefdata.texts.views import Keep

__all__: list[str] = []

CPU = EmbedderParams(device="cpu")
TEXTS = ["a b c", "hello " * 40, "z", "🎉 abc", "x y " * 8]
ALL = np.arange(len(TEXTS))


@pytest.fixture(scope="module")
def bert(tiny: Path) -> Any:
    return load(tiny, CPU)


def _numpy(tensor: Any) -> np.ndarray[Any, Any]:
    return np.asarray(tensor.detach().numpy())


# Where the end is kept the model itself would cut a prefix off.
@pytest.mark.parametrize(("keep", "prefix"), [("start", ""), ("start", "q: "), ("end", "")])
def test_bulk_gives_what_the_model_gives_by_itself(bert: Any, keep: Keep, prefix: str) -> None:
    tokeniser = tokeniser_of(bert, 32)
    assert tokeniser is not None
    mine = token_pass(bert, tokeniser, TEXTS, keep=keep, prefix=prefix)
    own = own_pass(bert, 32, TEXTS, keep=keep, prefix=prefix)
    np.testing.assert_allclose(_numpy(mine.vectors(ALL)), _numpy(own.vectors(ALL)), atol=1e-5)
    assert mine.n_tokens is not None
    assert own.n_tokens is not None
    assert mine.n_tokens.tolist() == own.n_tokens.tolist()
    if not prefix:
        assert mine.is_truncated.tolist() == own.is_truncated.tolist()


def test_a_prefix_that_the_model_leaves_out_when_it_pools_is_left_out(tiny: Path) -> None:
    model = load(tiny, CPU)
    model.set_pooling_include_prompt(include_prompt=False)
    tokeniser = tokeniser_of(model, 32)
    assert tokeniser is not None
    mine = token_pass(model, tokeniser, TEXTS, keep="start", prefix="q: ").vectors(ALL)
    own = own_pass(model, 32, TEXTS, keep="start", prefix="q: ").vectors(ALL)
    np.testing.assert_allclose(_numpy(mine), _numpy(own), atol=1e-5)


def test_padding_on_the_left_is_honoured(tiny: Path) -> None:
    model = load(tiny, CPU)
    model.tokenizer.padding_side = "left"
    tokeniser = tokeniser_of(model, 32)
    assert tokeniser is not None
    assert tokeniser.is_left_padded
    mine = token_pass(model, tokeniser, TEXTS, keep="start", prefix="").vectors(ALL)
    own = own_pass(model, 32, TEXTS, keep="start", prefix="").vectors(ALL)
    np.testing.assert_allclose(_numpy(mine), _numpy(own), atol=1e-5)


def test_a_model_without_a_mask_works_in_its_own_way(static: Path) -> None:
    model = load(static, CPU)
    assert longest(model, None) is None
    assert tokeniser_of(model, longest(model, None)) is None
    read = own_pass(model, None, [*TEXTS, ""], keep="start", prefix="")
    vectors = _numpy(read.vectors(np.arange(6)))
    np.testing.assert_array_equal(vectors[:5], model.encode(TEXTS))
    assert not vectors[5].any()
    assert read.n_tokens is not None
    assert read.n_tokens.tolist()[:3] == [3, 200, 1]
    assert not read.is_truncated.any()


def test_a_tokenizer_that_is_not_compiled_leaves_the_model_its_own_way(tiny: Path) -> None:
    model = load(tiny, CPU)
    # Stands for the tokenizers of transformers that are written in Python.
    model.tokenizer.__class__ = type(
        "Slow", (type(model.tokenizer),), {"backend_tokenizer": property(lambda _: None)}
    )
    assert tokeniser_of(model, 32) is None


def test_a_module_that_wants_more_than_ids_leaves_the_model_its_own_way(tiny: Path) -> None:
    model = load(tiny, CPU)
    pool = model[1].forward
    # Stands for modules that look at what the model's own preparation adds.
    model[1].forward = lambda features: pool({**features, "wanted": features["modality"]})
    assert tokeniser_of(model, 32) is None


@pytest.mark.parametrize(
    ("own", "wanted", "limit"),
    [(32, None, 32), (32, 8, 8), (16, 64, 16), (10**30, None, 32), (10**30, 8, 8)],
)
def test_the_limit_is_the_models_or_a_lower_one(
    tiny: Path, own: int, wanted: int | None, limit: int
) -> None:
    model = load(tiny, CPU)
    model.max_seq_length = own
    assert longest(model, wanted) == limit
