"""A way to make tokens is named by all that decides them."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.core.errors import UserError
from prefdata.protocols import Tokenization
from prefdata.trainability.models import tokenizer_backend, tokenizer_digest

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []


def _digest(folder: Path, **params: Any) -> str:
    return tokenizer_digest(Tokenization.model_validate({"tokenizer": str(folder)} | params))


def test_another_tokenizer_in_the_same_folder_has_another_name(words: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(words, tmp_path / "copy")
    names = [_digest(folder)]
    assert names == [_digest(words)]
    # Neither lengths nor the cut decide the tokens: the parameters of the step name these.
    assert names == [_digest(words, max_length=7, truncation="keep-end", max_prompt_length=3)]

    def change(file: str, old: str, new: str) -> None:
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new))
        names.append(_digest(folder))

    change("chat_template.jinja", "content", "content | trim")
    change("tokenizer.json", '"a"', '"other"')
    change("tokenizer_config.json", '"eos_token": "</s>"', '"eos_token": "<a>"')
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [2]}))
    names.append(_digest(folder))
    names.append(_digest(folder, template="plain"))
    (folder / "other.jinja").write_text("{{ messages[0].content }}")
    names.append(_digest(folder, template=str(folder / "other.jinja")))
    assert len(set(names)) == len(names)


def test_an_embedder_makes_no_tokens() -> None:
    with pytest.raises(UserError, match="makes no tokens"):
        tokenizer_backend("lexical")
