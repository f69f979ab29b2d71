"""A tokenizer whose tokens are words, so that lengths can be counted by reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import polars as pl
import pytest

from prefdata.protocols import Trainability
from prefdata.tables.messages import MESSAGES
from prefdata.trainability import Auditor

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

WORDS = ["?", "</s>", "<u>", "<a>", *"abcdefgpqxyz"]
TEMPLATE = (
    "{% for m in messages %}{{ '<' + m['role'][0] + '> ' + m['content'] + ' </s> ' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<a> ' }}{% endif %}"
)
"""``<u>`` or ``<a>``, the words of the message, ``</s>``; each is one token."""

Row = tuple[str, str, str]
"""Prompt, chosen, rejected; words."""


class Frame(Protocol):
    """Makes pairs named by their place; turns of a prompt are separated by ``|``."""

    def __call__(self, *rows: Row) -> pl.DataFrame: ...


class Audit(Protocol):
    """Audits pairs with the tokenizer of words; gives the flags of each, and their sizes."""

    def __call__(
        self, *rows: Row, template: str | None = None, **params: Any
    ) -> list[dict[str, float | None]]: ...


def _frame(*rows: Row) -> pl.DataFrame:
    """Return pairs named by their place; turns of a prompt are separated by ``|``."""
    turns = ("user", "assistant")
    return pl.DataFrame(
        [
            {
                "pair_id": str(place),
                "prompt": [
                    {"role": turns[i % 2], "content": text}
                    for i, text in enumerate(prompt.split("|"))
                ],
                "chosen": [{"role": "assistant", "content": chosen}],
                "rejected": [{"role": "assistant", "content": rejected}],
            }
            for place, (prompt, chosen, rejected) in enumerate(rows)
        ],
        schema={
            "pair_id": pl.String(),
            "prompt": MESSAGES,
            "chosen": MESSAGES,
            "rejected": MESSAGES,
        },
    )


@pytest.fixture(scope="session")
def frame() -> Frame:
    """Makes pairs named by their place."""
    return _frame


@pytest.fixture(scope="session")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tokenizer."""
    return _write(tmp_path_factory.mktemp("words"), end="</s>")


@pytest.fixture(scope="session")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one that knows no token that ends a text."""
    return _write(tmp_path_factory.mktemp("endless"), end=None)


def _write(folder: Path, end: str | None) -> Path:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, "?"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.add_special_tokens(WORDS[1:4])
    untyped: Any = PreTrainedTokenizerFast
    tokenizer = untyped(tokenizer_object=made, eos_token=end)
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def audit(words: Path, tmp_path: Path) -> Audit:
    """Audits pairs with the tokenizer of words."""

    def run(
        *rows: Row, template: str | None = None, **params: Any
    ) -> list[dict[str, float | None]]:
        if template is not None and template != "plain":
            file = tmp_path / "template.jinja"
            file.write_text(template)
            template = str(file)
        params = {"tokenizer": str(words), "template": template or "auto"} | params
        auditor = Auditor(Trainability.model_validate(params))
        found = auditor.audit(_frame(*rows))
        assert auditor.counts == dict(found["flag"].value_counts().iter_rows())
        by_pair: list[dict[str, float | None]] = [{} for _ in rows]
        for pair_id, flag, value in found.select("pair_id", "flag", "value").iter_rows():
            by_pair[int(pair_id)][flag] = value
        return by_pair

    return run
