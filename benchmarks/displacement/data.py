"""Real pairs, read by prefdata, as texts and as tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

import prefdata as pf
from prefdata.recipes import Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["EOS", "Tokens", "ingest", "is_held_out", "texts_of", "tokenize"]

EOS = "<|endoftext|>"
_SPEAKERS = {"user": "Human", "assistant": "Assistant"}


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair as tokens, prompt and responses apart; responses end with the token that ends them."""

    prompt: NDArray[np.int32]
    chosen: NDArray[np.int32]
    rejected: NDArray[np.int32]

    @property
    def longest(self) -> int:
        """Tokens of the prompt with the longer response."""
        return len(self.prompt) + max(len(self.chosen), len(self.rejected))


def ingest(origin: Path, workspace: Path) -> pl.DataFrame:
    """Read HH-RLHF into a workspace and make pairs of it.

    Args:
        origin: A file or folder of HH-RLHF.
        workspace: Folder of the catalog; an old one is used again.

    Returns:
        Columns ``pair_id``, ``prompt``, ``chosen`` and ``rejected`` (messages), by ``pair_id``;
        pairs whose responses are more than one message are left out.
    """
    pf.init(workspace)
    pf.ingest("hh-rlhf", origin, workspace=workspace)
    recipe = {"name": "displacement-pairs", "steps": ["make-pairs"]}
    pf.run(Recipe.model_validate(recipe), workspace=workspace)
    folder = workspace / "exported"
    pf.export("parquet", folder, workspace=workspace)
    is_single = (pl.col("chosen").list.len() == 1) & (pl.col("rejected").list.len() == 1)
    return (
        pl.scan_parquet(folder / "*.parquet")
        .filter(is_single)
        .select("pair_id", "prompt", "chosen", "rejected")
        .sort("pair_id")
        .collect()
    )


def texts_of(pairs: pl.DataFrame) -> list[tuple[str, str, str]]:
    """Return prompt, chosen and rejected as text, in the transcript form of HH-RLHF.

    This is the form `hh` of prefdata; `scores` holds the tokens of both against each other.
    """
    return [
        (
            "".join(_turn(message) for message in row["prompt"]) + "\n\nAssistant:",
            " " + row["chosen"][0]["content"],
            " " + row["rejected"][0]["content"],
        )
        for row in pairs.iter_rows(named=True)
    ]


def _turn(message: Mapping[str, Any]) -> str:
    return f"\n\n{_SPEAKERS[message['role']]}: {message['content']}"


def is_held_out(n: int, share: float) -> NDArray[np.bool_]:
    """Return which of n pairs only measure the language model; at least one."""
    held = np.zeros(n, np.bool_)
    held[np.random.default_rng(0).permutation(n)[: max(round(share * n), 1)]] = True
    return held


def tokenize(tokenizer: Any, texts: Sequence[tuple[str, str, str]]) -> list[Tokens]:
    """Return pairs as tokens.

    Args:
        tokenizer: A fast tokenizer of transformers that adds no tokens.
        texts: Prompt, chosen and rejected of each pair.
    """
    flat = [text for triple in texts for text in triple]
    ids = tokenizer(flat, add_special_tokens=False)["input_ids"]
    end = tokenizer.eos_token_id

    def side(i: int, *more: int) -> NDArray[np.int32]:
        return np.array([*ids[i], *more], np.int32)

    return [
        Tokens(side(3 * i), side(3 * i + 1, end), side(3 * i + 2, end)) for i in range(len(texts))
    ]
