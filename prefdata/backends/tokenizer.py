"""Tokenizers of transformers, without the models they were made for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.backends._tokenizer.locate import locate_tokenizer
from prefdata.backends._tokenizer.reading import Reader
from prefdata.protocols import TokenizerBackend

if TYPE_CHECKING:
    from prefdata.protocols import Tokenization

__all__ = ["tokenizer"]


def _open(params: Tokenization) -> Reader:
    return Reader(locate_tokenizer(params.tokenizer), params.template)


tokenizer = TokenizerBackend(
    name="tokenizer",
    summary="Tokenizers of transformers with their chat templates, read as TRL reads.",
    identify=lambda params: _open(params).identity(),
    open=_open,
)
