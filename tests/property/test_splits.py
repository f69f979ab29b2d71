"""Near-duplicate prompts are on one side of every split, in all sources, whatever the seed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from prefdata.protocols import Context
from prefdata.schema import conform, polars_schema, table_schema
from prefdata.stages.leaks import Leaks, leaks
from prefdata.stages.split_by_prompt import SplitByPrompt, split_by_prompt
from prefdata.tables.identity import hash_messages

__all__: list[str] = []

_ALIKE = 0.5
_SOURCES = ("new", "old")
_WORDS = [f"w{number}" for number in range(12)]


@dataclass(frozen=True)
class Corpus:
    """Prompts of two sources, of which some were made from others by an edit."""

    prompts: pl.DataFrame
    neighbors: pl.DataFrame
    alike: list[tuple[str, str]]
    """Pairs of prompts that share at least half of their words."""


@st.composite
def _corpora(draw: st.DrawFn) -> Corpus:
    seeds = draw(st.lists(st.permutations(_WORDS).map(lambda w: w[:6]), min_size=1, max_size=6))
    texts = list(seeds)
    for _ in range(draw(st.integers(0, 8))):
        words = list(draw(st.sampled_from(texts)))
        place = draw(st.integers(0, len(words) - 1))
        words[place] = draw(st.sampled_from([*_WORDS, words[place]]))
        texts.append(words)
    homes = draw(st.lists(st.sampled_from(_SOURCES), min_size=len(texts), max_size=len(texts)))
    rows = [
        {
            "prompt_id": f"{home}:{number}",
            "source": home,
            "turn": 0,
            "messages": [{"role": "user", "content": " ".join(words)}],
            "split": draw(st.sampled_from([None, "train", "test"])),
        }
        for number, (words, home) in enumerate(zip(texts, homes, strict=True))
    ]
    contract = table_schema("prompts")
    prompts = pl.DataFrame(
        [{name: row.get(name) for name in contract.column_names} for row in rows]
        if hasattr(contract, "column_names")
        else [{name: row.get(name) for name in polars_schema(contract)} for row in rows],
        schema=polars_schema(contract),
    )
    prompts = prompts.with_columns(content_hash=hash_messages(prompts["messages"]))
    return _corpus(conform(prompts, contract), [set(words) for words in texts])
