"""One pass of texts through a model: in bulk where it can be, else in the model's own way."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.backends._sentence.batches import padded
from prefdata.backends._sentence.tokens import CHARACTERS_PER_TOKEN, Tokeniser, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from prefdata.texts.views import Keep

__all__ = ["Pass", "longest", "own_pass", "token_pass", "tokeniser_of"]

_PROBES = ("A probe.", "Another probe, somewhat longer than the first: 1, 2, 3?")
_AGREES = 0.999
_HUGE = 1 << 20  # tokenizers without a limit name a number like 10^30
_NO_LIMIT = 8192
_CHARACTERS_OF_A_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Pass:
    """Texts that were read, and how to get the vectors of some of them."""

    lengths: NDArray[np.int64]
    """About how many tokens each text costs."""
    n_tokens: NDArray[np.int32] | None
    is_truncated: NDArray[np.bool_]
    is_void: NDArray[np.bool_]
    vectors: Callable[[NDArray[np.int64]], Any]
    """Takes the numbers of texts, gives a tensor ``(b, d)``, not normalised."""


def longest(model: Any, max_tokens: int | None) -> int | None:
    """Return how many tokens a model takes, or None if it takes any number.

    Args:
        model: A ``SentenceTransformer``.
        max_tokens: A lower limit that the user set.
    """
    limit = model.max_seq_length
    if limit is not None and limit > _HUGE and not math.isinf(limit):
        limit = getattr(getattr(model[0], "config", None), "max_position_embeddings", _NO_LIMIT)
    if limit is None or math.isinf(limit):
        return max_tokens
    return int(limit) if max_tokens is None else min(int(limit), max_tokens)


def tokeniser_of(model: Any, max_tokens: int | None) -> Tokeniser | None:
    """Return the means to feed a model in bulk, or None if it must do that itself.

    Whether bulk gives the model's own vectors is tried out, not guessed from its kind.
    """
    import torch
    from sentence_transformers.base.modules import Transformer

    first = model[0]
    if type(first) is not Transformer or max_tokens is None or "message" in first.modality_config:
        return None
    every = np.arange(len(_PROBES))
    try:
        tokeniser = Tokeniser(model.tokenizer, max_tokens)
        with torch.inference_mode():
            mine = token_pass(model, tokeniser, _PROBES, keep="start", prefix="").vectors(every)
            own = own_pass(model, max_tokens, _PROBES, keep="start", prefix="").vectors(every)
            cosine = float((_unit(mine) * _unit(own)).sum(dim=1).min())
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError):
        # It wants other inputs than ids and a mask; or it fails in any case, which its own way
        # will tell.
        return None
    return tokeniser if cosine > _AGREES else None


def _unit(vectors: Any) -> Any:
    from torch.nn.functional import normalize

    return normalize(vectors.float(), dim=1)


def token_pass(
    model: Any, tokeniser: Tokeniser, texts: Sequence[str], *, keep: Keep, prefix: str
) -> Pass:
    """Tokenise all texts at once; the modules of the model are fed directly."""
    import torch

    read = tokeniser.read(texts, keep=keep, prefix=prefix)
    prompt_length = tokeniser.prompt_length(prefix)

    def vectors(batch: NDArray[np.int64]) -> Any:
        ids, mask = padded(
            read.ids,
            read.offsets,
            batch,
            pad_id=tokeniser.pad_id,
            is_left=tokeniser.is_left_padded,
        )
        features: dict[str, Any] = {
            "input_ids": torch.from_numpy(ids).to(model.device),
            "attention_mask": torch.from_numpy(mask).to(model.device),
        }
        if tokeniser.has_types:
            features["token_type_ids"] = torch.zeros_like(features["input_ids"])
        if prompt_length:  # some models leave the prefix out when they pool
            features["prompt_length"] = prompt_length
        return model(features)["sentence_embedding"]

    return Pass(read.lengths, read.n_tokens, read.is_truncated, read.is_void, vectors)


def own_pass(
    model: Any, max_tokens: int | None, texts: Sequence[str], *, keep: Keep, prefix: str
) -> Pass:
    """Leave tokenising and cutting to the model, for models that are no plain transformer."""
    tokenizer = getattr(model[0], "tokenizer", None)
    limit = None if max_tokens is None else CHARACTERS_PER_TOKEN * max_tokens
    short = [shortened(text, limit or len(text), keep) for text in texts]
    is_cut = np.array([s != t for s, t in zip(short, texts, strict=True)], bool)
    counts = _counts(tokenizer, short)
    n_tokens = None if counts is None else counts.astype(np.int32)
    if counts is None:
        counts = np.array([len(text) // _CHARACTERS_OF_A_TOKEN + 1 for text in short], np.int64)
    elif max_tokens is not None:
        special = getattr(tokenizer, "num_special_tokens_to_add", lambda: 0)()
        is_cut |= counts > max_tokens - special
    lengths = counts + 1 if max_tokens is None else np.minimum(counts + 1, max_tokens)

    def vectors(batch: NDArray[np.int64]) -> Any:
        with _cut_at(tokenizer, keep):
            return model.encode(
                [short[i] for i in batch],
                prompt=prefix,  # an empty one holds off the model's default
                batch_size=len(batch),
                show_progress_bar=False,
                convert_to_tensor=True,
            )

    return Pass(lengths, n_tokens, is_cut, np.zeros(len(texts), bool), vectors)


def _counts(tokenizer: Any, texts: Sequence[str]) -> NDArray[np.int64] | None:
    """Return the tokens of each text, where the model has a tokenizer of a known kind."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerBase

    if isinstance(tokenizer, Tokenizer):
        lists = [e.ids for e in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
    elif isinstance(tokenizer, PreTrainedTokenizerBase) and texts:
        lists = tokenizer(list(texts), add_special_tokens=False, truncation=False, verbose=False)[
            "input_ids"
        ]
    else:
        return None
    return np.fromiter(map(len, lists), np.int64, len(lists))


@contextlib.contextmanager
def _cut_at(tokenizer: Any, keep: Keep) -> Iterator[None]:
    """Let a tokenizer cut at the side that does not stay."""
    side = getattr(tokenizer, "truncation_side", None)
    if side is None:
        yield
        return
    tokenizer.truncation_side = "right" if keep == "start" else "left"
    try:
        yield
    finally:
        tokenizer.truncation_side = side
