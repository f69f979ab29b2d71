"""Lengths in tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.core.errors import UserError
from prefdata.routing.features.lengths import token_counts

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_TEXTS = pl.Series(["Two words.", "", None, "東京 Tower", "it's 3.5"], dtype=pl.String)


def test_tokens_are_words_by_default() -> None:
    assert token_counts(_TEXTS).tolist() == [2, 0, 0, 3, 4]
    assert token_counts(pl.Series([], dtype=pl.String)).tolist() == []


def test_a_tokenizer_counts_its_own_tokens_and_nothing_around(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    opened = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[U]": 0, "[S]": 1}, "[U]"))
    opened.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    opened.post_processor = tokenizers.processors.TemplateProcessing(
        single="[S] $A", special_tokens=[("[S]", 1)]
    )
    opened.enable_truncation(2)
    opened.enable_padding(length=9)
    path = tmp_path / "tokenizer.json"
    opened.save(str(path))
    assert token_counts(_TEXTS, path).tolist() == [3, 0, 0, 2, 6]


def test_a_file_that_is_no_tokenizer_is_the_users_fault(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")
    with pytest.raises(UserError, match="cannot be read"):
        token_counts(_TEXTS, path)
