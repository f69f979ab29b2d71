"""How long texts are, in tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.core.errors import MissingExtraError, UserError
from prefdata.texts.ngrams import stretches, word_lists

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl
    from numpy.typing import NDArray

__all__ = ["token_counts"]

# What is made of a token takes a hundred times its bytes.
_BYTES_AT_ONCE = 1_000_000


def token_counts(texts: pl.Series, tokenizer: Path | None = None) -> NDArray[np.int64]:
    """Count the tokens of each text; a null text has none.

    Args:
        texts: The texts.
        tokenizer: A file ``tokenizer.json``, whose tokens are counted without those that it puts
            around a text. By default tokens are words: runs of letters and digits, and single
            characters in scripts without spaces (`prefdata.texts.ngrams`).

    Returns:
        ``(n,)`` tokens.

    Raises:
        MissingExtraError: If a tokenizer is given and the package that reads it is not installed.
        UserError: If the file is none.
    """
    if tokenizer is None:
        parts = [word_lists(part).list.len().to_numpy() for part in stretches(texts)]
    else:
        opened = _opened(tokenizer)
        parts = [_tokens(part, opened) for part in stretches(texts, max_bytes=_BYTES_AT_ONCE)]
    return np.concatenate([np.empty(0, np.int64), *parts]).astype(np.int64)


def _opened(path: Path) -> Any:
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError as error:
        raise MissingExtraError("Counting a model's tokens", extra="models") from error
    try:
        opened = Tokenizer.from_file(str(path))
    except Exception as error:  # the package raises nothing narrower
        raise UserError(
            f"The tokenizer cannot be read: {error}.",
            where=str(path),
            fix="Give the file tokenizer.json of a model, or leave `tokenizer` out to count words.",
        ) from error
    # A file may say that texts are cut or filled up, which is for batches of a model.
    opened.no_truncation()
    opened.no_padding()
    return opened


def _tokens(texts: pl.Series, opened: Any) -> NDArray[np.int64]:
    found = opened.encode_batch_fast(texts.fill_null("").to_list(), add_special_tokens=False)
    return np.fromiter((len(one.ids) for one in found), np.int64, len(found))
